// Random numbers as functions of (seed, purpose, position).
//
// There is no state to save: who knows the position knows the number, on any
// rank, in any order, after any restart.  The generator is Philox 4x64-10
// (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).

#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace warmstart {

// What a number is drawn for; numbers of different purposes are independent.
// The values are part of the reproducibility promise: never renumber.
enum class Purpose : std::uint64_t {
  kSplit = 1,
  kTaskOrder = 2,
  kSupportSize = 3,
  kEpisodeRows = 4,
  kInitialise = 5,
  kDropout = 6,
  kKeyDropout = 7,
  kFactors = 8,
  kSynthesize = 9,
  kSweep = 10,
  kBootstrap = 11,
  kUnseen = 12,
};

// The sequence of numbers that belongs to one position.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0);

  std::uint64_t bits();                      // uniform over 64 bits
  double uniform();                          // in [0, 1)
  std::uint64_t below(std::uint64_t count);  // in [0, count); count > 0
  double normal();                           // mean 0, variance 1

 private:
  std::array<std::uint64_t, 2> key_;
  std::array<std::uint64_t, 4> counter_;
  std::array<std::uint64_t, 4> block_{};
  int used_ = 4;
};

// `count` different numbers of [0, size), in random order; all of them when count >= size.
std::vector<std::uint32_t> sample_without_replacement(RandomStream& random, std::uint32_t size, std::uint32_t count);

// A pseudo-random permutation of [0, size) that is evaluated at a position in
// constant memory: a Feistel network, walked until it lands inside the range.
class Permutation {
 public:
  Permutation(std::uint64_t size, std::uint64_t seed, Purpose purpose, std::uint64_t epoch);
  std::uint64_t operator()(std::uint64_t position) const;

 private:
  static constexpr int kRounds = 6;
  std::uint64_t size_;
  int half_bits_;
  std::array<std::uint64_t, kRounds> keys_;
};

}  // namespace warmstart
