#include "trainer/tables/distinct_places.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace warmstart {
namespace {

TEST(DistinctPlaces, AreAscendingAndEachIdKnowsItsOwn) {
  at::manual_seed(1);
  // Places of one digit of the sort, of several, and of the widest.
  for (const std::int64_t most : {7, 3000, 5000000}) {
    const std::vector<at::Tensor> lists = {at::randint(most, {500}, at::kLong), at::empty({0}, at::kLong),
                                           at::randint(most, {300}, at::kLong)};
    const auto place_of = [](std::int64_t id) { return (id * 7919) % 5000011; };
    const auto found = distinct_places(lists, place_of);
    EXPECT_TRUE(found.places.diff().gt(0).all().item<bool>());
    for (std::size_t i = 0; i < lists.size(); ++i)
      EXPECT_TRUE(at::equal(found.places.index_select(0, found.positions[i]), lists[i] * 7919 % 5000011));
    EXPECT_TRUE(at::equal(std::get<0>(at::_unique(at::cat(lists) * 7919 % 5000011)), found.places));
  }
}

TEST(DistinctPlaces, OfNothingAreNone) {
  const auto found = distinct_places({at::empty({0}, at::kLong)}, [](auto id) { return id; });
  EXPECT_EQ(found.places.numel(), 0);
  EXPECT_EQ(found.positions.at(0).numel(), 0);
}

}  // namespace
}  // namespace warmstart
