// Why a score is what it is, for every method.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/tried_methods.h"

namespace warmstart {
namespace {

// A small model with random parameters.
struct Example : RandomModel {
  explicit Example(const ModelOptions& options) : RandomModel(small(options)) {}

  static ModelOptions small(ModelOptions options) {
    options.network = {.kind = options.network.kind, .embedding = 5, .tower = {6}, .features = 3};
    options.adapt.prior = options.adapt.encoder = options.adapt.recurrent = options.adapt.task_memory = 4;
    options.adapt.kernel = 2;
    return options;
  }

  at::Tensor outputs(const TensorBatch& of) const { return RandomModel::outputs(of).squeeze(2); }
  Learner::Reasons reasons() const { return learner.reasons(learner.batch_parameters(tensors), tensors); }
};

double largest(const at::Tensor& values) { return values.abs().max().item<double>(); }

TEST(Reasons, AddUpToTheScoreOfEveryMethod) {
  const c10::NoGradGuard no_grad;
  for (const auto& method : served_methods()) {
    const Example example(method);
    const auto found = example.reasons();
    auto without = example.tensors;
    without.support.mask = at::zeros_like(without.support.mask);
    EXPECT_LT(largest(found.prior - example.outputs(without)), 1e-12) << name_of(method);
    const auto sum = found.prior + found.shares.sum(2) + found.unexplained;
    EXPECT_LT(largest(sum - example.outputs(example.tensors)), 1e-12) << name_of(method);
    EXPECT_EQ(largest(found.shares * (1.0 - example.tensors.support.mask).unsqueeze(1)), 0.0) << name_of(method);
    // Other layers' changes are no row's own, nor is what a row looks like beside a support.
    if (example.learner.encodes_rows_once())
      EXPECT_LT(largest(found.unexplained), 1e-12) << name_of(method);
    else
      EXPECT_GT(largest(found.unexplained), 1e-6) << name_of(method);
  }
}

// A closed form is linear in the labels: a row's share is how far its label is from the score without support rows,
// times what the score changes by where the label does.
TEST(Reasons, OfAClosedFormAreInfluencesTimesResiduals) {
  for (const auto solver : {StageKind::kRidge, StageKind::kKernel}) {
    ModelOptions options;
    options.adapt.stages = {StageKind::kPrior, solver};
    Example example(options);
    auto& support = example.tensors.support;
    support.label.requires_grad_();
    const auto outputs = example.outputs(example.tensors);
    auto of_support = example.tensors;
    of_support.query = support;
    of_support.support.mask = at::zeros_like(support.mask);
    const auto residuals = (support.label - example.outputs(of_support)).detach();
    const auto shares = example.reasons().shares;
    for (std::int64_t task = 0; task < kTasks; ++task) {
      for (std::int64_t row = 0; row < outputs.size(1); ++row) {
        const auto influence = torch::autograd::grad({outputs[task][row]}, {support.label}, {}, true)[0][task];
        EXPECT_LT(largest(shares[task][row] - influence * residuals[task]), 1e-10) << task << " " << row;
      }
    }
  }
}

}  // namespace
}  // namespace warmstart
