#include "data/vocabulary.h"

#include <algorithm>

#include "base/digest.h"

namespace warmstart {

Vocabulary::Vocabulary(const KeyNumbers& keys, const std::vector<std::int64_t>& counts, std::int64_t min_count,
                       const std::vector<std::string>& earlier)
    : ids_(keys.size(), 0) {
  for (const auto& key : earlier) {
    const auto number = keys.find(key);
    add(number, keys, counts[number]);
  }
  std::vector<std::uint32_t> known;
  for (std::uint32_t number = 0; number < counts.size(); ++number) {
    const bool is_new = ids_[number] == 0 && !keys.key(number).empty();  // an empty one stands for unknown ones
    if (is_new && counts[number] >= std::max<std::int64_t>(1, min_count)) known.push_back(number);
  }
  std::sort(known.begin(), known.end(), [&](auto a, auto b) { return keys.key(a) < keys.key(b); });
  for (const auto number : known) add(number, keys, counts[number]);
}

void Vocabulary::add(std::uint32_t number, const KeyNumbers& keys, std::int64_t count) {
  keys_.emplace_back(keys.key(number));
  counts_.push_back(count);
  ids_[number] = static_cast<std::uint32_t>(keys_.size());
}

std::string Vocabulary::digest() const {
  std::string all;
  for (const auto& key : keys_) (all += key) += '\0';
  return warmstart::digest(all);
}

}  // namespace warmstart
