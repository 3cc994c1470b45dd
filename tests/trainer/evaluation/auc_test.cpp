#include "trainer/evaluation/auc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace warmstart {
namespace {

const std::vector<float> kClicked = {1, 0, 1, 1, 0, 0, 1, 0, 0, 1},
                         kTiedScores = {.9f, .8f, .8f, .7f, .7f, .55f, .35f, .3f, .1f, .05f};

// y = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]; p = [.9, .8, .8, .7, .7, .55, .35, .3, .1, .05]; roc_auc_score(y, p)
TEST(Auc, IsThatOfScikitLearnWhichCountsTiesHalf) { EXPECT_DOUBLE_EQ(auc(kTiedScores, kClicked, 1), 0.6); }

// w = [2, 0, 3, 1, 1, 1, 2, 0, 1, 1]; roc_auc_score(np.repeat(y, w), np.repeat(p, w))
TEST(Auc, OfGroupsThatCountSeveralTimesIsThatOfRepeatedRows) {
  const std::vector<double> times = {2, 0, 3, 1, 1, 1, 2, 0, 1, 1};
  EXPECT_NEAR(Auc(kTiedScores, kClicked, 1, equal_rows(10, 1)).value(times), 0.7222222222222223, 1e-15);
}

TEST(Auc, IsAHalfWhereAllScoresAreEqualWhateverTheOrder) {
  const std::vector<float> scores(4, 2.0f);
  EXPECT_EQ(auc(scores, std::vector<float>{1, 0, 0, 0}, 1), 0.5);
  EXPECT_EQ(auc(scores, std::vector<float>{0, 0, 0, 1}, 1), 0.5);
}

TEST(Auc, IsUndefinedOfOneKindOfRow) {
  const std::vector<float> scores = {1, 2, 3, 4}, ratings = {5, 4, 1, 2};
  EXPECT_TRUE(std::isnan(auc(scores, ratings, 1)));
  EXPECT_TRUE(std::isnan(auc(scores, ratings, 6)));
  EXPECT_EQ(auc(scores, ratings, 4), 0.0);
  // Two groups of two rows, and only the first counts.
  EXPECT_TRUE(std::isnan(Auc(scores, ratings, 4, equal_rows(2, 2)).value(std::vector<double>{3, 0})));
}

}  // namespace
}  // namespace warmstart
