#include "data/vocabulary.h"

#include <algorithm>

#include "base/digest.h"

namespace warmstart {

Vocabulary::Vocabulary(const KeyNumbers& keys, std::span<const std::int64_t> counts, std::int64_t min_count,
                       std::span<const std::uint32_t> earlier, std::pmr::memory_resource* memory)
    : keys_(keys), numbers_(memory), counts_(memory), ids_(keys.size(), 0, memory) {
  numbers_.assign(earlier.begin(), earlier.end());
  for (const auto number : earlier) ids_[number] = 1;
  for (std::uint32_t number = 0; number < counts.size(); ++number) {
    const bool is_new = ids_[number] == 0 && !keys.key(number).empty();  // an empty one stands for unknown ones
    if (is_new && counts[number] >= std::max<std::int64_t>(1, min_count)) numbers_.push_back(number);
  }
  std::sort(numbers_.begin() + std::ssize(earlier), numbers_.end(),
            [&](auto a, auto b) { return keys.key(a) < keys.key(b); });
  counts_.reserve(size());
  for (std::uint32_t index = 0; index < size(); ++index) {
    counts_.push_back(counts[numbers_[index]]);
    ids_[numbers_[index]] = index + 1;
  }
}

std::string Vocabulary::digest() const {
  Digest all;
  for (std::size_t index = 0; index < size(); ++index) {
    const auto text = key(index);
    all.add(text.data(), text.size());
    all.add("", 1);
  }
  return all.text();
}

}  // namespace warmstart
