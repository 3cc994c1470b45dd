#include "trainer/evaluation/calibration_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace warmstart {
namespace {

double error_of(const std::vector<float>& predicted, const std::vector<float>& labels) {
  return CalibrationError(predicted, labels, equal_rows(1, labels.size())).value(std::vector<double>{1});
}

// y = np.array([1, 0, 1, 1, 0, 0, 1, 0, 0, 1]); p = np.float32([.9, .8, .8, .7, .7, .55, .35, .3, .1, .05])
// b = np.minimum((p.astype(float) * 10).astype(int), 9)
// sum(abs(p[b == i].sum() - y[b == i].sum()) for i in range(10)) / len(y)
TEST(CalibrationError, IsThatOfAFewLinesOfNumPy) {
  EXPECT_NEAR(error_of({.9f, .8f, .8f, .7f, .7f, .55f, .35f, .3f, .1f, .05f}, {1, 0, 1, 1, 0, 0, 1, 0, 0, 1}),
              0.28499999828636646, 1e-7);
}

TEST(CalibrationError, IsNothingWhereRatesAreAsPredicted) {
  EXPECT_EQ(error_of({.25f, .25f, .25f, .25f}, {0, 1, 0, 0}), 0.0);
  EXPECT_EQ(error_of({0, 1}, {0, 1}), 0.0);
}

// Errors of one bin cancel, those of two do not: 0.5 opens a bin, and 1 belongs to the last.
TEST(CalibrationError, BinsTakeTheirLowerBoundIn) {
  EXPECT_EQ(error_of({.5f, .5625f}, {0, 1}), 0.03125);
  EXPECT_EQ(error_of({.4375f, .5f}, {0, 1}), 0.46875);
  EXPECT_EQ(error_of({.9375f, 1}, {1, 1}), 0.03125);
}

TEST(CalibrationError, OfWhatIsNoProbabilityCountsInTheNearestBin) {
  EXPECT_EQ(error_of({-1, .0625f}, {0, 0}), 0.46875);
  EXPECT_EQ(error_of({2, .9375f}, {1, 1}), 0.46875);
}

TEST(CalibrationError, GroupsCountAsOftenAsTheirWeightSays) {
  const std::vector<float> predicted = {.75f, .25f}, labels = {1, 0};
  const CalibrationError error(predicted, labels, equal_rows(2, 1));
  EXPECT_EQ(error.value(std::vector<double>{1, 1}), 0.25);
  EXPECT_TRUE(std::isnan(error.value(std::vector<double>{0, 0})));
  const CalibrationError uneven(std::vector<float>{.5f, .25f}, labels, equal_rows(2, 1));
  EXPECT_EQ(uneven.value(std::vector<double>{3, 1}), (3 * .5 + .25) / 4);
}

}  // namespace
}  // namespace warmstart
