#include "base/random.h"

#include <Random123/philox.h>
#include <tsl/robin_map.h>

#include <bit>
#include <cmath>
#include <numbers>

namespace warmstart {
namespace {

// Half of a Feistel block has at most 32 bits, so one multiply-and-fold round mixes it well.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t a, std::uint64_t b, std::uint64_t c)
    : key_{seed, static_cast<std::uint64_t>(purpose)}, counter_{a, b, c, 0} {}

std::uint64_t RandomStream::bits() {
  if (used_ == 4) {
    r123::Philox4x64 philox;
    const auto block = philox(r123::Philox4x64::ctr_type{{counter_[0], counter_[1], counter_[2], counter_[3]}},
                              r123::Philox4x64::key_type{{key_[0], key_[1]}});
    for (int i = 0; i < 4; ++i) block_[i] = block[i];
    ++counter_[3];
    used_ = 0;
  }
  return block_[used_++];
}

double RandomStream::uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

std::uint64_t RandomStream::below(std::uint64_t count) {
  // The high word of a 128-bit product; its bias is below 2^-32 for the counts in use here.
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits()) * count) >> 64);
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::vector<std::uint32_t> sample_without_replacement(RandomStream& random, std::uint32_t size, std::uint32_t count) {
  // Fisher-Yates over an array that is not written down: only places that moved are kept.
  tsl::robin_map<std::uint32_t, std::uint32_t> moved;
  const auto at = [&](std::uint32_t i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  std::vector<std::uint32_t> sample;
  for (std::uint32_t i = 0; i < std::min(size, count); ++i) {
    const auto j = i + static_cast<std::uint32_t>(random.below(size - i));
    sample.push_back(at(j));
    moved[j] = at(i);
  }
  return sample;
}

Permutation::Permutation(std::uint64_t size, std::uint64_t seed, Purpose purpose, std::uint64_t epoch) : size_(size) {
  half_bits_ = std::max(1, (static_cast<int>(std::bit_width(size - 1)) + 1) / 2);
  RandomStream random(seed, purpose, epoch);
  for (auto& key : keys_) key = random.bits();
}

std::uint64_t Permutation::operator()(std::uint64_t position) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  do {
    std::uint64_t left = position >> half_bits_, right = position & mask;
    for (const auto key : keys_) {
      const auto next = left ^ (mix(right + key) & mask);
      left = right;
      right = next;
    }
    position = (left << half_bits_) | right;
  } while (position >= size_);
  return position;
}

}  // namespace warmstart
