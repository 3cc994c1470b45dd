// The objectives that rank a task's rows: against numbers from NumPy, and autograd in double precision.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/support/random_batch.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

constexpr auto kRanking = {ObjectiveKind::kPairwise, ObjectiveKind::kListwise};

std::unique_ptr<Objective> ranking(ObjectiveKind kind) {
  return make_objective({.kind = kind, .listwise_temperature = 2.0});
}

// Tasks of four rows, of three (the last but one of which is padding), of one, of none, and of labels all alike.
struct RankedRows {
  explicit RankedRows(at::ScalarType type) {
    const auto of = [&](at::ArrayRef<double> values) { return at::tensor(values, type).view({5, 4}); };
    outputs = of({0.3, -1.2, 2.0, 0.7, 1.0, -0.5, 90.0, 0.4, 2, 3, 4, 5, 1, 2, 3, 4, 1.0, -2.0, 0.0, 3.0}).unsqueeze(2);
    rows = {{}, of({4, 2, 5, 2, 1, 3, 9, 2, 1, 5, 5, 5, 1, 2, 3, 4, 3, 3, 3, 3}), of({1, 1, 1, 1, 1, 1, 0, 1, 1, 0,
                                                                                      0, 0, 0, 0, 0, 0, 1, 1, 1, 1})};
  }
  at::Tensor outputs;
  RowTensors rows;
};

// import numpy as np
// x = np.array([0.3, -1.2, 2.0, 0.7]); y = np.array([4, 2, 5, 2.0])
// pairs = [(i, j) for i in range(4) for j in range(4) if y[i] > y[j]]
// pairwise = lambda x: np.mean([np.logaddexp(0, x[j] - x[i]) for i, j in pairs])
// q = np.exp(y / 2); q /= q.sum()
// listwise = lambda x: -(q * (x - np.log(np.exp(x).sum()))).sum()
// for f in pairwise, listwise:
//   print(f(x), [4 * (f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(4)])
void expect_numbers(ObjectiveKind kind, double loss, at::ArrayRef<double> gradient) {
  const RankedRows ranked(at::kDouble);
  const auto objective = ranking(kind);
  EXPECT_NEAR(objective->losses(ranked.outputs, ranked.rows)[0].item<double>(), loss, 1e-8);
  const auto found = objective->inner_gradient(ranked.outputs, ranked.rows)[0].squeeze(1);
  EXPECT_LT((found - at::tensor(gradient, at::kDouble)).abs().max().item<double>(), 1e-8) << found;
}

TEST(Pairwise, HasTheCostsOfAllPairsInTheWrongOrder) {
  expect_numbers(ObjectiveKind::kPairwise, 0.3126352694, {-0.5013183351, 0.1772729973, -0.3262368039, 0.6502821417});
}

TEST(Listwise, HasTheCrossEntropyOfTopOneProbabilities) {
  expect_numbers(ObjectiveKind::kListwise, 1.3942046317, {-0.6933994428, -0.3257924961, 0.7252703396, 0.2939215993});
}

TEST(RankingObjectives, HaveTheGradientOfTheirLossTimesATasksRows) {
  for (const auto kind : kRanking) {
    RankedRows ranked(at::kDouble);
    ranked.outputs.requires_grad_();
    const auto objective = ranking(kind);
    const auto inner_loss = (objective->losses(ranked.outputs, ranked.rows) * ranked.rows.mask.sum(1)).sum();
    const auto expected = torch::autograd::grad({inner_loss}, {ranked.outputs}, {}, true, true)[0];
    const auto found = objective->inner_gradient(ranked.outputs, ranked.rows);
    EXPECT_LT((found - expected).abs().max().item<double>(), 1e-12);
    // The second order, in a direction that no symmetry of the loss makes 0.
    const auto direction = at::arange(20, at::kDouble).view({5, 4, 1}).sin();
    const auto of = [&](const at::Tensor& gradient) {
      return torch::autograd::grad({(gradient * direction).sum()}, {ranked.outputs}, {}, true)[0];
    };
    EXPECT_LT((of(found) - of(expected)).abs().max().item<double>(), 1e-12);
    EXPECT_GT(of(found).abs().max().item<double>(), 0.1);
    EXPECT_EQ((found * (1.0 - ranked.rows.mask.unsqueeze(2))).abs().max().item<double>(), 0.0);
    EXPECT_LT(found.sum(1).abs().max().item<double>(), 1e-12);
  }
}

TEST(RankingObjectives, CostNothingWithoutTwoRows) {
  const RankedRows ranked(at::kFloat);
  for (const auto kind : kRanking) {
    const auto losses = ranking(kind)->losses(ranked.outputs, ranked.rows);
    EXPECT_GT(losses[1].item<float>(), 0.1f);
    EXPECT_EQ(losses[2].item<float>(), 0.0f);
    EXPECT_EQ(losses[3].item<float>(), 0.0f);
  }
  EXPECT_EQ(ranking(ObjectiveKind::kPairwise)->losses(ranked.outputs, ranked.rows)[4].item<float>(), 0.0f);
}

TEST(RankingObjectives, ComputeInFloat32WhatTheyDoInDoublesWithTheGradients) {
  for (const auto kind : kRanking) {
    const auto objective = ranking(kind);
    std::vector<at::Tensor> results[2];
    for (const auto type : {at::kFloat, at::kDouble}) {
      RankedRows ranked(type);
      ranked.outputs.requires_grad_();
      const auto losses = objective->losses(ranked.outputs, ranked.rows);
      const auto gradient = objective->inner_gradient(ranked.outputs, ranked.rows);
      const auto of_both = torch::autograd::grad({losses.sum() + (gradient * gradient).sum()}, {ranked.outputs})[0];
      results[type == at::kDouble] = {losses, gradient, of_both};
    }
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_LT((results[0][i] - results[1][i]).abs().max().item<double>(), 1e-5) << i;
  }
}

TEST(RankingObjectives, StayFiniteFarOff) {
  for (const auto kind : kRanking) {
    RankedRows ranked(at::kFloat);
    ranked.outputs = (1e4 * ranked.outputs).requires_grad_();
    const auto losses = ranking(kind)->losses(ranked.outputs, ranked.rows);
    const auto gradient = ranking(kind)->inner_gradient(ranked.outputs, ranked.rows);
    const auto of_both = torch::autograd::grad({losses.sum() + gradient.square().sum()}, {ranked.outputs})[0];
    for (const auto& values : {losses, gradient, of_both}) EXPECT_TRUE(values.isfinite().all().item<bool>()) << values;
  }
}

// Scores are on no scale that labels could bound.
TEST(RankingObjectives, PredictScoresBeyondTheLabels) {
  auto schema = random_batch_schema();
  schema.label_min = 0;
  schema.label_max = 1e-6;
  const auto batch = random_batch(true);
  ModelOptions options;
  options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  options.objective.kind = ObjectiveKind::kSquared;
  EXPECT_LE(Learner(schema, options, 1).predict(batch).labels.max().item<float>(), 1e-6f);
  for (const auto kind : kRanking) {
    options.objective.kind = kind;
    const Learner learner(schema, options, 1);
    const c10::NoGradGuard no_grad;
    const TensorBatch tensors(batch, at::kFloat);
    const auto outputs = learner.outputs(learner.batch_parameters(tensors), tensors, nullptr).squeeze(2);
    EXPECT_TRUE(at::equal(learner.predict(batch).labels, outputs));
  }
}

}  // namespace
}  // namespace warmstart
