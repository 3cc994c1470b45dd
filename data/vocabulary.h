#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace warmstart {

// Numbers keys in the order they are first seen, from 0.
class KeyNumbers {
 public:
  // Throws DataError when there are 2^32 - 1 already.
  std::uint32_t add(std::string_view key);
  static constexpr std::uint32_t kAbsent = 0xffffffff;
  std::uint32_t find(std::string_view key) const;  // kAbsent where it was never added
  const std::string& key(std::uint32_t number) const { return keys_[number]; }
  std::size_t size() const { return keys_.size(); }
  // Forgets those from `count` on.
  void keep_first(std::size_t count);

 private:
  std::deque<std::string> keys_;  // a deque: the map's views stay valid as it grows
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

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
