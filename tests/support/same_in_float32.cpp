#include "tests/support/same_in_float32.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <vector>

#include "tests/support/random_model.h"

namespace warmstart {
namespace {

struct LossesAndGradients : RandomModel {
  LossesAndGradients(const ModelOptions& options, at::ScalarType type) : RandomModel(options, type) {
    losses = RandomModel::losses();
    gradients = torch::autograd::grad({losses.sum()}, learner.parameters().values(), {}, std::nullopt, false, true);
  }

  at::Tensor losses;
  std::vector<at::Tensor> gradients;
};

}  // namespace

void expect_same_in_float32(const ModelOptions& options) {
  const LossesAndGradients narrow(options, at::kFloat), wide(options, at::kDouble);
  EXPECT_LT((narrow.losses - wide.losses).abs().max().item<double>(), 1e-4);
  for (std::size_t i = 0; i < wide.gradients.size(); ++i) {
    const auto& name = wide.learner.parameters().list()[i].name;
    const auto &found = narrow.gradients[i], &expected = wide.gradients[i];
    ASSERT_EQ(found.defined(), expected.defined()) << name;
    if (!expected.defined() || expected.numel() == 0) continue;
    const auto largest = std::max(expected.abs().max().item<double>(), 1e-2);
    EXPECT_LT((found - expected).abs().max().item<double>() / largest, 2e-3) << name;
  }
}

}  // namespace warmstart
