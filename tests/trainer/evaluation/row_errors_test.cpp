#include "trainer/evaluation/row_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace warmstart {
namespace {

// y = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]; p = np.float32([.9, .8, .8, .7, .7, .55, .35, .3, .1, .05])
const std::vector<float> kOutcomes = {1, 0, 1, 1, 0, 0, 1, 0, 0, 1},
                         kChances = {.9f, .8f, .8f, .7f, .7f, .55f, .35f, .3f, .1f, .05f};

TEST(RowErrors, AreThoseOfScikitLearn) {
  // mean_absolute_error(y, p), mean_squared_error(y, p)
  EXPECT_NEAR(mean_absolute_error(kChances, kOutcomes), 0.46500000543892384, 1e-14);
  EXPECT_NEAR(mean_squared_error(kChances, kOutcomes), 0.29975000364333404, 1e-14);
}

TEST(Accuracy, IsThatOfScikitLearn) {
  EXPECT_DOUBLE_EQ(accuracy(kChances, kOutcomes, {0, 1}), 0.5);  // accuracy_score(y, p >= .5)
  // accuracy_score([1, 2, 3, 4, 5, 5, 3], np.floor(np.clip([1.49, 1.5, 3.2, 4.6, 5.9, 4.49, 2.5], 1, 5) + .5))
  const std::vector<float> ratings = {1, 2, 3, 4, 5, 5, 3}, predicted = {1.49f, 1.5f, 3.2f, 4.6f, 5.9f, 4.49f, 2.5f};
  EXPECT_DOUBLE_EQ(accuracy(predicted, ratings, {1, 5}), 0.7142857142857143);
}

TEST(Accuracy, OfHalvesGoesUp) {
  const std::vector<float> half = {.5f}, one = {1}, zero = {0};
  EXPECT_EQ(accuracy(half, one, {0, 1}), 1.0);
  EXPECT_EQ(accuracy(half, zero, {0, 1}), 0.0);
}

TEST(Accuracy, IsUndefinedOfLabelsThatAreNotWhole) {
  const std::vector<float> labels = {1, 2.5f}, predicted = {1, 2.5f};
  EXPECT_TRUE(std::isnan(accuracy(predicted, labels, {1, 5})));
}

TEST(LogLoss, IsThatOfScikitLearn) {
  EXPECT_NEAR(log_loss(kChances, kOutcomes), 0.8804687377330987, 1e-14);  // log_loss(y, p)
}

// Of a coin that comes up 1 in three of four throws, and is known to: its entropy.
TEST(LogLoss, OfTheTrueProbabilityIsTheEntropy) {
  const std::vector<float> labels = {1, 1, 0, 1}, known(4, 0.75f);
  EXPECT_NEAR(log_loss(known, labels), 2 * std::log(2.0) - 0.75 * std::log(3.0), 1e-12);
  const std::vector<float> unknown(4, 0.5f);
  EXPECT_NEAR(log_loss(unknown, labels), std::log(2.0), 1e-12);
}

TEST(LogLoss, OfACertainMistakeIsFinite) {
  const std::vector<float> labels = {1, 0}, wrong = {0, 1}, right = {1, 0};
  EXPECT_NEAR(log_loss(wrong, labels), 23 * std::log(2.0), 1e-6);  // float32 has 24 bits
  EXPECT_NEAR(log_loss(right, labels), 0.0, 1e-6);
  EXPECT_TRUE(std::isnan(log_loss(std::vector<float>{NAN, 0}, labels)));
}

TEST(PoissonDeviance, IsThatOfScikitLearn) {
  // mean_poisson_deviance([0, 2, 1, 5, 0], [.5, 1.5, 1, 4, 2])
  const std::vector<float> counts = {0, 2, 1, 5, 0}, expected = {.5f, 1.5f, 1, 4, 2};
  EXPECT_NEAR(poisson_deviance(expected, counts), 1.076432760589844, 1e-14);
}

TEST(PoissonDeviance, OfAnExpectedCountOfNothingIsFinite) {
  const std::vector<float> counts = {1}, none = {0}, negative = {-3};
  EXPECT_NEAR(poisson_deviance(none, counts), 2 * (23 * std::log(2.0) - 1), 1e-6);
  EXPECT_EQ(poisson_deviance(negative, counts), poisson_deviance(none, counts));
  EXPECT_TRUE(std::isnan(poisson_deviance(std::vector<float>{NAN}, counts)));
}

}  // namespace
}  // namespace warmstart
