#include "data/unseen_entities.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace warmstart {
namespace {

// Each share within five standard deviations of what the weights say.
void expect_shares(const UnseenEntities::OfTask& unseen, const std::map<std::uint32_t, double>& weights) {
  constexpr int kDraws = 200'000;
  RandomStream random(7, Purpose::kUnseen);
  std::map<std::uint32_t, int> drawn;
  for (int i = 0; i < kDraws; ++i) ++drawn[unseen.draw(random)];
  double sum = 0.0;
  for (const auto& [entity, weight] : weights) sum += weight;
  ASSERT_EQ(drawn.size(), weights.size());
  for (const auto& [entity, weight] : weights) {
    const double share = weight / sum;
    EXPECT_NEAR(drawn[entity], kDraws * share, 5.0 * std::sqrt(kDraws * share * (1.0 - share))) << entity;
  }
}

TEST(UnseenEntities, AreDrawnByTheirTrainingRows) {
  const UnseenEntities all({16, 0, 81, 1, 256, 1000, 10000}, 0.75);
  expect_shares({all, {5, 6}}, {{0, 8.0}, {1, 1.0}, {2, 27.0}, {3, 1.0}, {4, 64.0}});
  expect_shares({all, {0, 2, 3}}, {{1, 1.0}, {4, 64.0}, {5, std::pow(1000.0, 0.75)}, {6, 1000.0}});
  expect_shares({UnseenEntities({16, 0, 81, 1}, 0.0), {0}}, {{1, 1.0}, {2, 1.0}, {3, 1.0}});
}

TEST(UnseenEntities, ThatAreDrawnDifferentAreEachDrawnOnce) {
  const UnseenEntities all(std::vector<std::int64_t>(20, 3), 0.75);
  RandomStream random(1, Purpose::kUnseen);
  const auto drawn = UnseenEntities::OfTask(all, {2, 4}).draw_different(random, 10);
  EXPECT_EQ(std::set<std::uint32_t>(drawn.begin(), drawn.end()).size(), 10u);
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 2u) + std::count(drawn.begin(), drawn.end(), 4u), 0);
  EXPECT_EQ(UnseenEntities::OfTask(all, {2, 4, 2}).count(), 18);
  EXPECT_EQ(UnseenEntities::OfTask(all, {2, 4}).draw_different(random, 18).size(), 18u);
}

}  // namespace
}  // namespace warmstart
