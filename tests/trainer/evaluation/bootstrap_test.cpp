#include "trainer/evaluation/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace warmstart {
namespace {

double weighted_mean(const std::vector<double>& values, std::span<const double> weights) {
  double sum = 0.0, count = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    count += weights[i];
  }
  return sum / count;
}

// Of the mean of many values the interval is the normal one, 1.96 deviations over the root of their number.
TEST(Bootstrap, FindsTheIntervalOfAMean) {
  constexpr std::size_t kTasks = 400;
  std::vector<double> values;
  RandomStream random(7, Purpose::kSynthesize);
  for (std::size_t i = 0; i < kTasks; ++i) values.push_back(3.0 + 2.0 * random.normal());
  const double mean = weighted_mean(values, std::vector<double>(kTasks, 1.0));
  double variance = 0.0;
  for (const double value : values) variance += (value - mean) * (value - mean) / kTasks;
  const double reach = 1.959964 * std::sqrt(variance / kTasks);
  const auto found = bootstrap({[&](auto weights) { return weighted_mean(values, weights); }}, kTasks, 4000, 0);
  ASSERT_TRUE(found[0]);
  EXPECT_NEAR(found[0]->low, mean - reach, 0.06 * reach);
  EXPECT_NEAR(found[0]->high, mean + reach, 0.06 * reach);
}

TEST(Bootstrap, ShowsAllFunctionsTheSameSamplesAndDrawsAllTasks) {
  double drawn = 0.0;
  std::vector<std::vector<double>> first, second;
  const auto keep = [&](auto& list) {
    return [&](std::span<const double> weights) {
      list.emplace_back(weights.begin(), weights.end());
      for (const double weight : weights) drawn += weight;
      return 0.0;
    };
  };
  bootstrap({keep(first), keep(second)}, 9, 25, 3);
  EXPECT_EQ(drawn, 2 * 25 * 9);
  EXPECT_EQ(first, second);
  EXPECT_NE(first[0], first[1]);
}

// Samples of one task of two, the first having no value: a quarter of them are left out.
TEST(Bootstrap, LeavesSamplesWithoutAValueOut) {
  const OfTasks of_second = [](std::span<const double> weights) { return weights[1] > 0 ? weights[1] : NAN; };
  const auto found = bootstrap({of_second, [](auto) { return NAN; }}, 2, 500, 1);
  ASSERT_TRUE(found[0]);
  EXPECT_EQ(found[0]->low, 1.0);
  EXPECT_EQ(found[0]->high, 2.0);
  EXPECT_FALSE(found[1]);
}

TEST(Bootstrap, HasNoIntervalWithoutSamples) {
  EXPECT_FALSE(bootstrap({[](auto) { return 1.0; }}, 2, 0, 1)[0]);
}

}  // namespace
}  // namespace warmstart
