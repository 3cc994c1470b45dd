#include "trainer/evaluation/ranking.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace warmstart {
namespace {

const LabelScale kRatings{1, 5};
const std::vector<float> kFalling = {.9f, .8f, .75f, .7f, .65f, .55f, .35f, .3f, .1f, .05f};

// The worked example of many lectures: relevances 3, 2, 3, 0, 1, 2 in the order they are shown.
TEST(Ndcg, HasTheValueOfTheWorkedExample) {
  const std::vector<float> labels = {3, 2, 3, 0, 1, 2}, scores = {6, 5, 4, 3, 2, 1};
  const double dcg = 7 + 3 / std::log2(3.0) + 7 / 2.0 + 0 + 1 / std::log2(6.0) + 3 / std::log2(7.0);
  const double ideal = 7 + 7 / std::log2(3.0) + 3 / 2.0 + 3 / std::log2(5.0) + 1 / std::log2(6.0);
  EXPECT_NEAR(ndcg(scores, labels, 6, kRatings), dcg / ideal, 1e-12);
  EXPECT_NEAR(dcg / ideal, 0.9488, 1e-4);  // as published, with gains 2^r - 1
}

// g = np.array([3, 2, 3, 0, 1, 2, 4, 0, 0, 1]); ndcg_score([2**g - 1], [falling], k=k)
TEST(Ndcg, IsThatOfScikitLearnForAnyK) {
  const std::vector<float> labels = {3, 2, 3, 0, 1, 2, 4, 0, 0, 1};
  EXPECT_NEAR(ndcg(kFalling, labels, 1, kRatings), 0.4666666666666667, 1e-14);
  EXPECT_NEAR(ndcg(kFalling, labels, 3, kRatings), 0.540779996324037, 1e-14);
  EXPECT_NEAR(ndcg(kFalling, labels, 5, kRatings), 0.5037484142555388, 1e-14);
  EXPECT_NEAR(ndcg(kFalling, labels, 10, kRatings), 0.7343948394296903, 1e-14);
  EXPECT_EQ(ndcg(kFalling, labels, 1000, kRatings), ndcg(kFalling, labels, 10, kRatings));
}

TEST(Ndcg, IsOneForTheBestOrderAndForNothingToGain) {
  const std::vector<float> labels = {1, 5, 3}, scores = {0, 9, 4}, zeros = {0, 0, 0};
  EXPECT_DOUBLE_EQ(ndcg(scores, labels, 3, kRatings), 1.0);
  EXPECT_DOUBLE_EQ(ndcg(scores, zeros, 3, {0, 1}), 1.0);
}

TEST(Ndcg, TiesKeepTheGivenOrder) {
  const std::vector<float> labels = {1, 5}, scores = {3, 3};
  EXPECT_DOUBLE_EQ(ndcg(scores, labels, 1, kRatings), 1.0 / 31.0);
}

TEST(Ndcg, GainsAreLinearForLabelsThatAreNoRatings) {
  const std::vector<float> labels = {-50, 100}, scores = {2, 1};
  EXPECT_DOUBLE_EQ(ndcg(scores, labels, 1, {-50, 100}), 0.0);
}

TEST(Ranking, PutsTheHighestFirstAndTiesInTheGivenOrder) {
  const std::vector<float> scores = {1, 3, 1, 2}, labels = {4, 1, 3, 5};
  EXPECT_EQ(ranked_relevance(scores, labels, 4), (std::vector<bool>{false, true, true, false}));
}

TEST(Ranking, RelevanceBeginsAtTheLabelAsFloat32HasIt) {
  const std::vector<float> scores = {2, 1}, labels = {.7f, .69f};
  EXPECT_EQ(ranked_relevance(scores, labels, 0.7), (std::vector<bool>{true, false}));
}

// Relevant are the places 2, 3 and 5 of six.
const std::vector<bool> kThreeOfSix = {false, true, true, false, true, false};

TEST(Ranking, PrecisionIsOverKAndRecallOverAllRelevantRows) {
  EXPECT_DOUBLE_EQ(precision(kThreeOfSix, 1), 0.0);
  EXPECT_DOUBLE_EQ(precision(kThreeOfSix, 3), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(precision(kThreeOfSix, 12), 3.0 / 12.0);
  EXPECT_DOUBLE_EQ(recall(kThreeOfSix, 1), 0.0);
  EXPECT_DOUBLE_EQ(recall(kThreeOfSix, 3), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(recall(kThreeOfSix, 12), 1.0);
}

TEST(Ranking, HitAndReciprocalRankAskForTheFirstRelevantRow) {
  EXPECT_EQ(hit(kThreeOfSix, 1), 0.0);
  EXPECT_EQ(hit(kThreeOfSix, 2), 1.0);
  EXPECT_EQ(hit(kThreeOfSix, 12), 1.0);
  EXPECT_EQ(reciprocal_rank(kThreeOfSix), 0.5);
}

TEST(Ranking, AveragePrecisionIsThatOfScikitLearnAndCutAtK) {
  // average_precision_score([1, 0, 1, 1, 0, 0, 1, 0, 0, 1], falling)
  const std::vector<float> labels = {1, 0, 1, 1, 0, 0, 1, 0, 0, 1};
  EXPECT_NEAR(average_precision(ranked_relevance(kFalling, labels, 1), 10), 0.6976190476190476, 1e-14);
  EXPECT_DOUBLE_EQ(average_precision(kThreeOfSix, 3), (1.0 / 2 + 2.0 / 3) / 3);
  EXPECT_DOUBLE_EQ(average_precision(kThreeOfSix, 2), (1.0 / 2) / 2);
  EXPECT_DOUBLE_EQ(average_precision(kThreeOfSix, 99), (1.0 / 2 + 2.0 / 3 + 3.0 / 5) / 3);
}

TEST(Ranking, OfNoRelevantRowAllButPrecisionAreUndefined) {
  const std::vector<bool> none(4, false);
  EXPECT_EQ(precision(none, 2), 0.0);
  EXPECT_TRUE(std::isnan(recall(none, 2)));
  EXPECT_TRUE(std::isnan(hit(none, 2)));
  EXPECT_TRUE(std::isnan(reciprocal_rank(none)));
  EXPECT_TRUE(std::isnan(average_precision(none, 2)));
}

}  // namespace
}  // namespace warmstart
