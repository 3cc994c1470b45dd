#include "trainer/evaluation/ranked_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "trainer/evaluation/ranking.h"
#include "trainer/evaluation/statistic.h"

namespace warmstart {
namespace {

using PlacesOfRows = std::vector<std::int64_t>;
using ListOfEntities = std::vector<std::uint32_t>;

constexpr auto kNobody = RankedRows::kNobody;

RankedTask ranked(const std::vector<float>& scores, const ListOfEntities& query, const ListOfEntities& others,
                  std::size_t listed) {
  return warmstart::ranked(scores, query, others, listed);
}

TEST(RankedRows, StandAmongAllEntitiesButThoseOfOtherRows) {
  // By score 4, 1, 3, 0, 2, 5; the task has other rows of 1 and 0.
  const auto found = ranked({.5f, .8f, .4f, .6f, .9f, .1f}, {2, 3}, {1, 0}, 3);
  EXPECT_EQ(found.places, (PlacesOfRows{2, 1}));
  EXPECT_EQ(found.list, (ListOfEntities{4, 3, 2}));
}

TEST(RankedRows, StandBehindOthersOfTheSameScore) {
  EXPECT_EQ(ranked({1, 1, 1, 1, 1}, {0, 3}, {2}, 0).places, (PlacesOfRows{2, 3}));
  EXPECT_EQ(ranked({0, 2, 2, 0, 3}, {1, 0}, {}, 0).places, (PlacesOfRows{2, 4}));
}

TEST(RankedRows, AreCandidatesEvenIfTheTaskHasOtherRowsOfTheirEntities) {
  EXPECT_EQ(ranked({.3f, .2f, .1f}, {0}, {0, 1}, 2).places, (PlacesOfRows{0}));
  EXPECT_EQ(ranked({.3f, .2f, .1f}, {0}, {0, 1}, 4).list, (ListOfEntities{0, 2, kNobody, kNobody}));
}

TEST(RankedRows, AskedForTwiceStandOnceInTheList) {
  const auto found = ranked({.3f, .2f, .1f}, {1, 1}, {}, 3);
  EXPECT_EQ(found.places, (PlacesOfRows{1, 2}));
  EXPECT_EQ(found.list, (ListOfEntities{0, 1, 2}));
}

RankedRows two_tasks() {
  RankedRows rows{.tasks = equal_rows(2, 3), .labels = {1, 1, 1, 1, 0, 1}, .places = {0, 4, 2, 5, 0, 1}, .listed = 3};
  rows.lists = {6, 2, 1, 3, 6, kNobody};
  rows.self_information = std::make_shared<const std::vector<double>>(std::vector<double>{1, 2, 3, 4, 5, 6, 0.5, 8});
  return rows;
}

double value(MeasureKind kind, int k, std::vector<double> weights = {1, 1}) {
  return make_statistic({kind, k}, two_tasks(), {.least = 0, .most = 1, .relevant = 1.0})->value(weights);
}

TEST(RankedRows, AreMeasuredByTheirPlaces) {
  EXPECT_DOUBLE_EQ(value(MeasureKind::kPrecision, 3), (2.0 / 3.0 + 1.0 / 3.0) / 2.0);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kRecall, 3), (2.0 / 3.0 + 1.0 / 2.0) / 2.0);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kHit, 1), 0.5);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kMrr, 0), (1.0 + 0.5) / 2.0);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kMap, 3), ((1.0 + 2.0 / 3.0) / 3.0 + 0.5 / 2.0) / 2.0);
  const auto discount = [](int place) { return 1.0 / std::log2(place + 2.0); };
  const double ideal3 = discount(0) + discount(1) + discount(2), ideal2 = discount(0) + discount(1);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kNdcg, 3), ((discount(0) + discount(2)) / ideal3 + discount(1) / ideal2) / 2.0);
}

TEST(RankedRows, CoverageCountsEntitiesAndNoveltyTheirInformation) {
  EXPECT_DOUBLE_EQ(value(MeasureKind::kCoverage, 3), 4.0 / 8.0);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kCoverage, 1), 2.0 / 8.0);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kCoverage, 3, {0, 5}), 2.0 / 8.0);
  EXPECT_DOUBLE_EQ(value(MeasureKind::kNovelty, 3), ((0.5 + 3 + 2) / 3.0 + (4 + 0.5) / 2.0) / 2.0);
}

// 53 entities, 6 tasks of 5 query rows and the rest of every ninth entity; the figures are what the metrics of RecBole
// 1.2.1 say of the same scores.
RankedRows of_recbole() {
  RankedRows rows{.tasks = equal_rows(6, 5), .labels = std::vector<float>(30, 1.0f), .listed = 10};
  rows.self_information = std::make_shared<const std::vector<double>>(std::vector<double>(53, 1.0));
  for (std::uint32_t task = 0; task < rows.tasks.tasks(); ++task) {
    std::vector<float> scores;
    ListOfEntities query, others;
    for (std::uint32_t entity = 0; entity < 53; ++entity) {
      scores.push_back(static_cast<float>((entity * 37 + task * 11 + 1) % 53));
      if ((entity + task) % 9 == 0) others.push_back(entity);
    }
    for (std::uint32_t row = 0; row < 5; ++row) query.push_back((task * 9 + row * 10 + row * task) % 53);
    const auto found = ranked(scores, query, others, rows.listed);
    rows.places.insert(rows.places.end(), found.places.begin(), found.places.end());
    rows.lists.insert(rows.lists.end(), found.list.begin(), found.list.end());
  }
  return rows;
}

TEST(RankedRows, AreMeasuredAsByRecBole) {
  const auto rows = of_recbole();
  const auto expect = [&](MeasureKind kind, double at3, double at10) {
    const auto value = [&](int k) {
      return make_statistic({kind, k}, rows, {.least = 0, .most = 1, .relevant = 1.0})->value();
    };
    EXPECT_NEAR(value(3), at3, 1e-12) << name_of({kind, 3});
    EXPECT_NEAR(value(10), at10, 1e-12) << name_of({kind, 10});
  };
  expect(MeasureKind::kPrecision, 0.2777777777777778, 0.1333333333333333);
  expect(MeasureKind::kRecall, 0.1666666666666666, 0.2666666666666666);
  expect(MeasureKind::kHit, 0.5, 0.8333333333333334);
  expect(MeasureKind::kNdcg, 0.294226772831437, 0.2716644696646404);
  expect(MeasureKind::kMap, 0.25, 0.1725925925925926);
  expect(MeasureKind::kCoverage, 0.3396226415094339, 0.9056603773584906);
}

// Any order of any scores is judged alike as rows and as places among as many.
TEST(RankedRows, WithoutOthersAreMeasuredAsRowsAre) {
  const std::vector<float> scores = {.3f, .9f, .1f, .7f}, labels = {2, 1, 5, 3};
  const LabelScale scale{.least = 1, .most = 5, .relevant = 3.0};
  const auto places = ranked(scores, {0, 1, 2, 3}, {}, 0).places;
  for (int k = 1; k <= 4; ++k) EXPECT_DOUBLE_EQ(ndcg_at(places, labels, k, scale), ndcg(scores, labels, k, scale));
  EXPECT_EQ(relevance_at(places, labels, 3.0), ranked_relevance(scores, labels, 3.0));
}

}  // namespace
}  // namespace warmstart
