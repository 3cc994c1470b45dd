#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/key_numbers.h"

namespace warmstart {

// The ids of a categorical field.  Keys seen at least `min_count` times get 1..size
// in the order of their bytes, so equal training data gives equal ids; every other key is 0.  Where there are `earlier`
// keys, they have the first ids in their order, however often they are seen; new keys follow.
class Vocabulary {
 public:
  // `counts[n]`: how often key number n of `keys`, which outlives this, occurs in the training data.  `earlier`:
  // numbers of keys.  What is kept of a key, 16 bytes, lies in `memory`.
  Vocabulary(const KeyNumbers& keys, std::span<const std::int64_t> counts, std::int64_t min_count,
             std::span<const std::uint32_t> earlier, std::pmr::memory_resource* memory);

  std::uint32_t id_of_number(std::uint32_t number) const { return ids_[number]; }
  std::size_t size() const { return numbers_.size(); }
  std::string_view key(std::size_t index) const { return keys_.key(numbers_[index]); }  // of the id index + 1
  std::span<const std::int64_t> counts() const { return counts_; }                      // by the same index
  std::string digest() const;

 private:
  const KeyNumbers& keys_;
  std::pmr::vector<std::uint32_t> numbers_;  // by index
  std::pmr::vector<std::int64_t> counts_;
  std::pmr::vector<std::uint32_t> ids_;  // by number
};

}  // namespace warmstart
