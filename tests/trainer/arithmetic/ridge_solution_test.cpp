#include "trainer/arithmetic/ridge_solution.h"

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/least_squares_example.h"

namespace warmstart {
namespace {

constexpr std::int64_t kSolvedFeatures = 21, kSolvedMost = 60;
const std::vector<std::int64_t> kSolvedCounts = {0, 1, 10, 20, 21, 22, 60};

RidgeSolution solution(const LeastSquaresExample& example) {
  return ridge_solution(example.rows, example.weights, example.errors, example.precision);
}

class RidgeSolutions : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_ridge_solution(at::zeros({1}))) GTEST_SKIP() << "without task kernels, heads are found by the inverse";
  }

  const c10::NoGradGuard no_grad_;
};

TEST_F(RidgeSolutions, AreThoseOfADirectSolve) {
  const LeastSquaresExample example(kSolvedCounts, kSolvedMost, kSolvedFeatures);
  const auto found = solution(example);
  const auto wide = example.rows.to(at::kDouble), matrices = example.matrices();
  const auto moments = at::bmm((wide * example.weights).transpose(1, 2), example.errors.to(at::kDouble));
  EXPECT_LT((found.change - at::linalg_solve(matrices, moments)).abs().max().item<double>(), 1e-5);
  const auto features = at::randn({found.change.size(0), 9, kSolvedFeatures - 1});
  const auto h = at::cat({features, at::ones({features.size(0), 9, 1})}, 2).to(at::kDouble);
  const auto variance = (h * at::linalg_solve(matrices, h.transpose(1, 2)).transpose(1, 2)).sum(2, true);
  EXPECT_LT(((found.variance(features) - variance) / variance.clamp_min(1.0)).abs().max().item<double>(), 1e-5);
}

TEST_F(RidgeSolutions, ATasksBitsDependNeitherOnTheTasksBesideItNorOnPadding) {
  const LeastSquaresExample example(kSolvedCounts, kSolvedMost, kSolvedFeatures);
  const auto features = at::randn({static_cast<std::int64_t>(kSolvedCounts.size()), 9, kSolvedFeatures - 1});
  const auto among = solution(example);
  const auto variances = among.variance(features);
  for (std::size_t i = 0; i < kSolvedCounts.size(); ++i) {
    const auto task = static_cast<std::int64_t>(i);
    const auto of_task = [&](const at::Tensor& rows) { return rows.narrow(0, task, 1).narrow(1, 0, kSolvedCounts[i]); };
    const auto alone = ridge_solution(of_task(example.rows), of_task(example.weights), of_task(example.errors),
                                      example.precision.narrow(0, task, 1));
    EXPECT_TRUE(alone.change.equal(among.change.narrow(0, task, 1))) << task;
    EXPECT_TRUE(alone.variance(features.narrow(0, task, 1)).equal(variances.narrow(0, task, 1))) << task;
  }
}

// The same row again and again, with next to no precision.
TEST_F(RidgeSolutions, OfEqualRowsAreFinite) {
  for (const std::int64_t count : {5, 100}) {
    const auto rows = at::full({1, count, 21}, 5.0f), ones = at::ones({1, count, 1});
    const auto found = ridge_solution(rows, ones, ones, at::full({1, 21, 1}, 0.001f));
    EXPECT_TRUE(found.change.isfinite().all().item<bool>()) << count;
    EXPECT_TRUE(found.variance(rows.narrow(2, 0, 20)).isfinite().all().item<bool>()) << count;
  }
}

TEST(RidgeSolution, IsNotForWhatAutogradRecords) { EXPECT_FALSE(has_ridge_solution(at::zeros({1}))); }

}  // namespace
}  // namespace warmstart
