#include "trainer/evaluation/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace warmstart {
namespace {

constexpr double kFreedom = 5.0;

// Labels that are of the distribution that is told of them.
struct Sample {
  Sample() {
    std::mt19937 random(3);
    std::student_t_distribution<double> distribution(kFreedom);
    for (int i = 0; i < 40000; ++i) {
      centres.push_back(static_cast<float>(i % 7));
      scales.push_back(0.5f + static_cast<float>(i % 3));
      labels.push_back(centres.back() + scales.back() * static_cast<float>(distribution(random)));
    }
  }
  std::vector<float> labels, centres, scales;
};

TEST(CalibrationTest, OfTrueDistributionsIsWhatTheIntervalsSay) {
  const Sample sample;
  const auto found = calibration(sample.labels, sample.centres, sample.scales, StudentT(kFreedom));
  EXPECT_NEAR(found.coverage50, 0.5, 0.01);
  EXPECT_NEAR(found.coverage80, 0.8, 0.01);
  EXPECT_NEAR(found.coverage95, 0.95, 0.005);
}

TEST(CalibrationTest, PrefersTheTrueScales) {
  const Sample sample;
  const auto likelihood_at = [&](float factor) {
    auto scales = sample.scales;
    for (auto& scale : scales) scale *= factor;
    return calibration(sample.labels, sample.centres, scales, StudentT(kFreedom)).log_likelihood;
  };
  EXPECT_GT(likelihood_at(1.0f), likelihood_at(0.8f));
  EXPECT_GT(likelihood_at(1.0f), likelihood_at(1.25f));
}

TEST(CalibrationTest, OfWhatIsNotFiniteIsNotFinite) {
  const float nan = std::nanf(""), infinite = INFINITY;
  const std::vector<float> labels = {3.0f}, good = {1.0f};
  for (const float bad : {nan, infinite}) {
    const std::vector<float> values = {bad};
    EXPECT_FALSE(std::isfinite(calibration(labels, values, good, StudentT(5.0)).log_likelihood));
    EXPECT_FALSE(std::isfinite(calibration(labels, good, values, StudentT(5.0)).log_likelihood));
    EXPECT_FALSE(std::isfinite(calibration(labels, good, good, StudentT(bad - bad)).log_likelihood));
  }
}

// The density of Student's t with one degree of freedom is 1 / (pi (1 + x^2)), and half of it lies within 1.
TEST(CalibrationTest, KnowsTheCauchyDistribution) {
  const std::vector<float> labels = {3.0f, 3.9f, 5.1f}, centres = {3.0f, 3.0f, 3.0f}, scales = {1.0f, 1.0f, 2.0f};
  const auto found = calibration(labels, centres, scales, StudentT(1.0));
  EXPECT_NEAR(found.coverage50, 2.0 / 3.0, 1e-12);
  double expected = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double x = (labels[i] - centres[i]) / scales[i];
    expected += -std::log(M_PI * (1.0 + x * x) * scales[i]) / 3.0;
  }
  EXPECT_NEAR(found.log_likelihood, expected, 1e-6);
}

}  // namespace
}  // namespace warmstart
