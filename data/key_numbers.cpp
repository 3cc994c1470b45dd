#include "data/key_numbers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/errors.h"

namespace warmstart {
namespace {

constexpr std::size_t kFewestSlots = 16;

std::uint32_t mark_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

std::uint32_t KeyNumbers::add(std::string_view key) {
  if (4 * (size() + 1) > 3 * slots_.size()) make_table(std::max(kFewestSlots, 2 * slots_.size()));
  const auto hash = short_digest(key);
  auto& slot = slots_[place_of(key, hash)];
  if (slot.number != kAbsent) return slot.number;
  if (size() >= kAbsent) throw DataError(fmt::format("there are more than {} different keys", kAbsent));
  slot = {static_cast<std::uint32_t>(size()), mark_of(hash)};
  bytes_.append(key);
  ends_.push_back(bytes_.size());
  return slot.number;
}

std::uint32_t KeyNumbers::find(std::string_view key) const {
  return slots_.empty() ? kAbsent : slots_[place_of(key, short_digest(key))].number;
}

void KeyNumbers::keep_first(std::size_t count) {
  if (count >= size()) return;
  bytes_.resize(count == 0 ? 0 : ends_[count - 1]);
  ends_.resize(count);
  make_table(slots_.size());
}

// Where the key stands, or would.
std::size_t KeyNumbers::place_of(std::string_view key_text, std::uint64_t hash) const {
  const auto last = slots_.size() - 1;
  for (auto place = hash & last;; place = (place + 1) & last) {
    const auto& slot = slots_[place];
    if (slot.number == kAbsent || (slot.mark == mark_of(hash) && key(slot.number) == key_text)) return place;
  }
}

void KeyNumbers::make_table(std::size_t slots) {
  slots_.assign(slots, {});
  for (std::uint32_t number = 0; number < size(); ++number) {
    const auto hash = short_digest(key(number));
    slots_[place_of(key(number), hash)] = {number, mark_of(hash)};
  }
}

}  // namespace warmstart
