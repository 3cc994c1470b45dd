#include "data/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/errors.h"

namespace warmstart {

std::uint32_t KeyNumbers::add(std::string_view key) {
  const auto found = numbers_.find(key);
  if (found != numbers_.end()) return found->second;
  if (keys_.size() >= kAbsent) throw DataError(fmt::format("there are more than {} different keys", kAbsent));
  const auto number = static_cast<std::uint32_t>(keys_.size());
  keys_.emplace_back(key);
  numbers_.emplace(keys_.back(), number);
  return number;
}

std::uint32_t KeyNumbers::find(std::string_view key) const {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? kAbsent : found->second;
}

void KeyNumbers::keep_first(std::size_t count) {
  for (; keys_.size() > count; keys_.pop_back()) numbers_.erase(keys_.back());
}

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
  keys_.push_back(keys.key(number));
  counts_.push_back(count);
  ids_[number] = static_cast<std::uint32_t>(keys_.size());
}

std::string Vocabulary::digest() const {
  std::string all;
  for (const auto& key : keys_) (all += key) += '\0';
  return warmstart::digest(all);
}

}  // namespace warmstart
