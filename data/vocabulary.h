#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/key_numbers.h"

namespace warmstart {

// The ids of a categorical field.  Keys seen at least `min_count` times get 1..size
// in the order of their bytes, so equal training data gives equal ids; every other key is 0.  Where there are `earlier`
// keys, they have the first ids in their order, however often they are seen; new keys follow.
class Vocabulary {
 public:
  Vocabulary() = default;
  // `counts[n]`: how often key number n of `keys` occurs in the training data.
  Vocabulary(const KeyNumbers& keys, const std::vector<std::int64_t>& counts, std::int64_t min_count,
             const std::vector<std::string>& earlier = {});

  std::uint32_t id_of_number(std::uint32_t number) const { return ids_[number]; }
  const std::vector<std::string>& keys() const { return keys_; }  // keys()[id - 1]
  const std::vector<std::int64_t>& counts() const { return counts_; }
  std::string digest() const;

 private:
  void add(std::uint32_t number, const KeyNumbers& keys, std::int64_t count);

  std::vector<std::string> keys_;
  std::vector<std::int64_t> counts_;
  std::vector<std::uint32_t> ids_;
};

}  // namespace warmstart
