#include "data/prefetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace warmstart {
namespace {

EpisodeBatch numbered(std::uint64_t n) {
  EpisodeBatch batch;
  batch.tasks = static_cast<std::int64_t>(n);
  return batch;
}

TEST(Prefetcher, GivesBatchesInOrderThenEnds) {
  Prefetcher prefetcher([](std::uint64_t n) { return n < 50 ? std::optional(numbered(n)) : std::nullopt; }, 3);
  for (std::int64_t n = 0; n < 50; ++n) EXPECT_EQ(prefetcher.next().tasks, n);
  EXPECT_THROW(prefetcher.next(), std::out_of_range);
}

TEST(Prefetcher, RethrowsWhatWentWrongAfterTheBatchesBefore) {
  Prefetcher prefetcher(
      [](std::uint64_t n) {
        if (n == 2) throw std::runtime_error("broken shard");
        return std::optional(numbered(n));
      },
      8);
  prefetcher.next();
  prefetcher.next();
  EXPECT_THROW(prefetcher.next(), std::runtime_error);
}

TEST(Prefetcher, KeepsAtMostSoManyAndStopsWhenDestroyed) {
  std::atomic<int> made = 0;
  {
    Prefetcher prefetcher([&](std::uint64_t n) { return ++made, std::optional(numbered(n)); }, 4);
    prefetcher.next();
  }
  EXPECT_LE(made, 6);
}

}  // namespace
}  // namespace warmstart
