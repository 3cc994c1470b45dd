#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace warmstart {

// Numbers keys in the order they are first seen, from 0.  A key takes its bytes and about 20 more, in `memory`.
class KeyNumbers {
 public:
  explicit KeyNumbers(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : bytes_(memory), ends_(memory), slots_(memory) {}
  // Throws DataError when there are 2^32 - 1 already.
  std::uint32_t add(std::string_view key);
  static constexpr std::uint32_t kAbsent = 0xffffffff;
  std::uint32_t find(std::string_view key) const;  // kAbsent where it was never added
  // Valid until the next add().
  std::string_view key(std::uint32_t number) const {
    const auto start = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(bytes_).substr(start, ends_[number] - start);
  }
  std::size_t size() const { return ends_.size(); }
  // Forgets those from `count` on.
  void keep_first(std::size_t count);

 private:
  // A table with open addressing: a key stands at the first free place from its hash on.
  struct Slot {
    std::uint32_t number = kAbsent;  // where it is free
    std::uint32_t mark = 0;          // more of the hash, so that other keys are rarely compared
  };
  std::size_t place_of(std::string_view key, std::uint64_t hash) const;
  void make_table(std::size_t slots);

  std::pmr::string bytes_;              // of all keys, one behind the other
  std::pmr::vector<std::size_t> ends_;  // of each in bytes_
  std::pmr::vector<Slot> slots_;        // a power of two, at most three in four of them taken
};

}  // namespace warmstart
