#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace warmstart {
namespace {

TEST(RandomStream, IsPhilox4x64WithTheCounterAsPosition) {
  // Random123's known-answer test for philox4x64-10, key and counter zero.
  RandomStream random(0, static_cast<Purpose>(0));
  EXPECT_EQ(random.bits(), 0x16554d9eca36314cULL);
  EXPECT_EQ(random.bits(), 0xdb20fe9d672d0fdcULL);
}

TEST(RandomStream, DependsOnSeedPurposeAndPosition) {
  std::set<std::uint64_t> first;
  for (const std::uint64_t seed : {0, 1}) {
    for (const auto purpose : {Purpose::kSplit, Purpose::kDropout}) {
      for (const std::uint64_t position : {0, 1}) first.insert(RandomStream(seed, purpose, position).bits());
    }
  }
  EXPECT_EQ(first.size(), 8u);
  EXPECT_EQ(RandomStream(1, Purpose::kSplit, 1).bits(), RandomStream(1, Purpose::kSplit, 1).bits());
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
  RandomStream random(1, Purpose::kInitialise);
  double sum = 0, squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
}

TEST(Permutation, TakesEachPlaceOnceForEverySize) {
  for (const std::uint64_t size : {1, 2, 3, 7, 64, 1000, 65537}) {
    const Permutation permutation(size, 5, Purpose::kTaskOrder, 2);
    std::vector<bool> taken(size, false);
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto place = permutation(i);
      ASSERT_LT(place, size);
      ASSERT_FALSE(taken[place]);
      taken[place] = true;
    }
  }
}

TEST(Permutation, ChangesWithTheEpoch) {
  const Permutation first(1000, 5, Purpose::kTaskOrder, 0), second(1000, 5, Purpose::kTaskOrder, 1);
  int same = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) same += first(i) == second(i);
  EXPECT_LT(same, 10);
}

TEST(SampleWithoutReplacement, DrawsDifferentNumbersEvenly) {
  std::vector<int> drawn(10, 0);
  for (std::uint64_t position = 0; position < 3000; ++position) {
    RandomStream random(0, Purpose::kEpisodeRows, position);
    const auto sample = sample_without_replacement(random, 10, 3);
    ASSERT_EQ(std::set<std::uint32_t>(sample.begin(), sample.end()).size(), 3u);
    for (const auto number : sample) ++drawn[number];
  }
  for (const int count : drawn) EXPECT_NEAR(count, 900, 120);
}

TEST(SampleWithoutReplacement, GivesAllWhenAskedForMore) {
  RandomStream random(0, Purpose::kEpisodeRows);
  auto sample = sample_without_replacement(random, 5, 9);
  std::sort(sample.begin(), sample.end());
  EXPECT_EQ(sample, (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace warmstart
