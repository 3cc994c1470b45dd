#include "trainer/evaluation/log_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace warmstart {
namespace {

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

TEST(LogLoss, TakesLabelsThatAreProbabilities) {
  EXPECT_TRUE(takes_log_loss(0, 1));
  EXPECT_FALSE(takes_log_loss(1, 5));
  EXPECT_FALSE(takes_log_loss(-1, 1));
}

}  // namespace
}  // namespace warmstart
