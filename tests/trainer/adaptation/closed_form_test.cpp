// The stages that solve for the head: against direct solves, and against refits without each row.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/errors.h"
#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/same_in_float32.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/learner/methods.h"
#include "trainer/networks/score_feature.h"

namespace warmstart {
namespace {

using Stages = std::vector<StageKind>;

constexpr auto kObjectives = {ObjectiveKind::kSquared, ObjectiveKind::kBinary, ObjectiveKind::kHuber,
                              ObjectiveKind::kPoisson};

ModelOptions options_with(std::vector<StageKind> stages, ObjectiveKind objective = ObjectiveKind::kSquared) {
  ModelOptions options;
  options.network = {.kind = NetworkKind::kTwoTower, .embedding = 5, .tower = {6}, .features = 3};
  options.objective.kind = objective;
  options.adapt = {.stages = std::move(stages),
                   .prior = 4,
                   .encoder = 4,
                   .task_memory = 3,
                   .kernel = 2,
                   .row_noise = objective == ObjectiveKind::kSquared,
                   .score_feature = true};
  return options;
}

struct Example : RandomModel {
  using RandomModel::RandomModel;

  at::Tensor raw(const char* name) const { return at::softplus(parameter(name)); }
};

// A task's rows without padding, as the network encodes them: H [n, D + 1], base and the kernel's points x.
struct PlainRows {
  PlainRows(const Example& example, const RowTensors& rows, std::int64_t task, std::int64_t count) {
    const auto parameters = example.learner.batch_parameters(example.tensors);
    const auto encoding = example.learner.encode(parameters, example.tensors, nullptr);
    const auto places = rows.place[task].narrow(0, 0, count);
    h = at::cat({encoding.features().index_select(0, places), at::ones({count, 1}, at::kDouble)}, 1);
    base = encoding.base().index_select(0, places).squeeze(1);
    if (encoding.parts().contains("kernel.points")) x = encoding.parts().at("kernel.points").index_select(0, places);
    if (encoding.parts().contains("noise.rows"))
      noise = at::softplus(encoding.parts().at("noise.rows").index_select(0, places)).squeeze(1);
    label = rows.label[task].narrow(0, 0, count);
  }
  at::Tensor h, base, x, label, noise;
};

// The head that stages before the one that solves make.
at::Tensor start_of(const Example& example, const std::vector<StageKind>& stages, std::int64_t task) {
  auto options = example.learner.options();
  options.adapt.stages = stages;
  options.adapt.inner.steps = 0;
  const auto seeing_scores = [](const NetworkParts& parts) {
    return std::make_unique<ScoreFeature>(make_network(parts), parts.parameters);
  };
  Learner start(random_batch_schema(), options, 1, seeing_scores);
  start.parameters().flatten(at::kDouble);
  for (const auto& parameter : start.parameters().list())
    start.parameters().replace(parameter.name, example.learner.parameters()[parameter.name]);
  const auto head = start.adapt(start.batch_parameters(example.tensors), example.tensors).head;
  return at::cat({head.w[task][0], head.b[task][0]}, 0);
}

TEST(Ridge, HasTheHeadOfADirectSolve) {
  const c10::NoGradGuard no_grad;
  const Example example(options_with({StageKind::kPrior, StageKind::kRidge}), at::kDouble);
  const auto found = example.learner.adapt(example.learner.batch_parameters(example.tensors), example.tensors).head;
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const PlainRows rows(example, example.tensors.support, task, example.support_rows(task));
    const auto m = start_of(example, {StageKind::kPrior}, task);
    // The least of (label - base - H w)' W (label - base - H w) + (w - m)' Lambda (w - m).
    const auto lambda = at::diag(example.raw("ridge.precision") + 0.001), weighted = rows.h.t() / rows.noise;
    const auto w = at::linalg_solve(weighted.mm(rows.h) + lambda, weighted.mv(rows.label - rows.base) + lambda.mv(m));
    const auto head = at::cat({found.w[task][0], found.b[task][0]}, 0);
    EXPECT_LT((head - w).abs().max().item<double>(), 1e-10) << task;
  }
}

// Expects predict() to tell a task's query rows the distributions that follow from their outputs' variance, their own
// noise, and what the fit leaves unexplained of so many support rows.
void expect_distributions(const Example& example, std::int64_t task, const at::Tensor& query_variance,
                          const at::Tensor& query_noise, double rows, double unexplained) {
  const double shape = 1.0 + example.raw("noise.shape").item<double>() + rows / 2.0;
  const double rate = example.raw("noise.rate").item<double>() + unexplained / 2.0;
  const auto scales = at::sqrt((query_noise + query_variance) * (rate / shape));
  const auto found = example.learner.predict(example.batch);
  const auto of_task = found.scales[task].narrow(0, 0, scales.size(0));
  EXPECT_LT((of_task - scales).abs().max().item<double>(), 1e-5) << task;
  EXPECT_NEAR(found.freedom[task].item<double>(), 2.0 * shape, 1e-5) << task;
}

TEST(Ridge, TellsTheDeviationsOfADirectSolve) {
  const c10::NoGradGuard no_grad;
  const Example example(options_with({StageKind::kPrior, StageKind::kRidge}), at::kDouble);
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const PlainRows support(example, example.tensors.support, task, example.support_rows(task));
    const auto judged = example.tensors.query.mask[task].sum().to(at::kLong).item<std::int64_t>();
    const PlainRows query(example, example.tensors.query, task, judged);
    const auto weighted = support.h.t() / support.noise;
    const auto a = weighted.mm(support.h) + at::diag(example.raw("ridge.precision") + 0.001);
    const auto residuals = support.label - support.base - support.h.mv(start_of(example, {StageKind::kPrior}, task));
    const auto change = at::linalg_solve(a, weighted.mv(residuals));
    const auto variance = (query.h * at::linalg_solve(a, query.h.t()).t()).sum(1);
    const double unexplained = (residuals / support.noise).dot(residuals - support.h.mv(change)).item<double>();
    expect_distributions(example, task, variance, query.noise, static_cast<double>(example.support_rows(task)),
                         unexplained);
  }
}

TEST(Kernel, PredictsAsADirectSolveOverAllPairsOfRows) {
  const c10::NoGradGuard no_grad;
  const Example example(options_with({StageKind::kPrior, StageKind::kKernel}), at::kDouble);
  const auto found = example.outputs(example.tensors);
  const auto variance = at::diag(at::reciprocal(example.raw("kernel.precision") + 0.001));
  const auto factor = example.raw("kernel.factor");
  const auto kernel = [&](const PlainRows& a, const PlainRows& b) {
    const auto distances = at::cdist(a.x * factor, b.x * factor, 2.0, /*compute_mode=*/2);
    return a.h.mm(variance).mm(b.h.t()) + example.raw("kernel.scale") * at::exp(-0.5 * distances.square());
  };
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const auto n = example.support_rows(task);
    const auto judged = example.tensors.query.mask[task].sum().to(at::kLong).item<std::int64_t>();
    const PlainRows support(example, example.tensors.support, task, n);
    const PlainRows query(example, example.tensors.query, task, judged);
    const auto m = start_of(example, {StageKind::kPrior}, task);
    const auto residuals = support.label - support.base - support.h.mv(m);
    const auto covariance = kernel(support, support) + at::diag(support.noise);
    const auto weights = at::linalg_solve(covariance, residuals);
    const auto expected = query.base + query.h.mv(m) + kernel(query, support).mv(weights);
    const auto variance = kernel(query, query).diagonal() -
                          (kernel(query, support) * at::linalg_solve(covariance, kernel(support, query)).t()).sum(1);
    expect_distributions(example, task, variance, query.noise, static_cast<double>(n),
                         residuals.dot(weights).item<double>());
    EXPECT_LT((found[task].narrow(0, 0, judged).squeeze(1) - expected).abs().max().item<double>(), 1e-10) << task;
  }
}

TEST(Kernel, RefusesMorePairsOfRowsThanTheMemoryHolds) {
  const Example example(options_with({StageKind::kKernel}), at::kFloat);
  auto many = example.tensors;
  const auto rows = std::int64_t{1'000'000};
  const auto zeros = at::zeros({1, 1}).expand({kTasks, rows});
  many.support = {at::zeros({1, 1}, at::kLong).expand({kTasks, rows}), zeros, zeros};
  EXPECT_THROW(example.outputs(many), UsageError);
}

class ClosedForm : public testing::TestWithParam<std::vector<StageKind>> {};

// The loss with left-out rows is that of models which never saw them.
TEST_P(ClosedForm, LeavesOutARowAsARefitWithoutItDoes) {
  const c10::NoGradGuard no_grad;
  auto options = options_with(GetParam());
  options.adapt.leave_one_out = 0.0;
  const Example plain(options, at::kDouble);
  const double weight = 0.7;
  options.adapt.leave_one_out = weight;
  const Example example(options, at::kDouble);
  const auto found = example.losses(), of_query = plain.losses();
  const auto absolute = options.objective.absolute;
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const auto n = example.support_rows(task);
    const auto judged = example.tensors.query.mask[task].sum().item<double>();
    double sum = of_query[task].item<double>() * judged;
    for (std::int64_t row = 0; row < n; ++row) {
      auto without = plain.tensors;
      // Rows that count come first, so the last one takes the place of the one that is left out.
      for (auto* values : {&without.support.place, &without.support.label, &without.support.mask}) {
        *values = values->clone();
        (*values)[task][row].copy_((*values)[task][n - 1]);
      }
      without.support.mask[task][n - 1] = 0.0;
      without.query = plain.tensors.support;
      const auto error = plain.outputs(without)[task][row][0] - plain.tensors.support.label[task][row];
      sum += weight * (error.square() + absolute * at::sqrt(error.square() + 0.01)).item<double>();
    }
    EXPECT_NEAR(found[task].item<double>(), sum / (judged + weight * static_cast<double>(n)), 1e-10) << task;
  }
}

TEST_P(ClosedForm, AddsQueryRowsAsATaskWithoutSupportScoresThem) {
  const c10::NoGradGuard no_grad;
  auto options = options_with(GetParam());
  options.adapt.leave_one_out = options.adapt.likelihood = 0.0;
  options.adapt.row_noise = false;
  const Example plain(options, at::kDouble);
  options.adapt.no_support = 0.5;
  const Example example(options, at::kDouble);
  auto without = plain.tensors;
  without.support.mask = at::zeros_like(without.support.mask);
  const auto unadapted = plain.learner.losses(plain.learner.batch_parameters(without), without, nullptr);
  EXPECT_LT((example.losses() - (plain.losses() + 0.5 * unadapted) / 1.5).abs().max().item<double>(), 1e-10);
}

TEST_P(ClosedForm, ComputesInFloat32WhatItDoesInDoublesWithTheGradients) {
  for (const auto objective : kObjectives) expect_same_in_float32(options_with(GetParam(), objective));
}

TEST_P(ClosedForm, ComputesByOperatorsAloneWhatItDoesByAFactorisation) {
  const c10::NoGradGuard no_grad;
  for (const auto objective : kObjectives) {
    const Example example(options_with(GetParam(), objective), at::kFloat);
    const auto expected = example.learner.predict(example.batch);
    const PlainArithmetic plain;
    const auto found = example.learner.predict(example.batch);
    EXPECT_LT((found.labels - expected.labels).abs().max().item<double>(), 1e-5);
    if (objective != ObjectiveKind::kSquared) continue;
    EXPECT_LT((found.scales - expected.scales).abs().max().item<double>(), 1e-5);
  }
}

// With distributions the head is found another way than with the loss, and without them nothing else is.
TEST_P(ClosedForm, PredictsTheSameLabelsWithDistributionsAndWithout) {
  const c10::NoGradGuard no_grad;
  const Example example(options_with(GetParam()), at::kFloat);
  const auto outputs = example.outputs(example.tensors).squeeze(2);
  const auto with = example.learner.predict(example.batch), without = example.learner.predict_labels(example.batch);
  EXPECT_TRUE(with.scales.defined() && !without.scales.defined());
  for (const auto* found : {&with, &without}) EXPECT_LT((found->scores - outputs).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(with.labels.equal(without.labels));
}

// Where the inner loss's gradient and the pull to the start balance.
class LeastLoss : public testing::TestWithParam<std::tuple<Stages, ObjectiveKind>> {
 protected:
  static at::Tensor gradient(ObjectiveKind objective, const at::Tensor& outputs, const at::Tensor& labels) {
    if (objective == ObjectiveKind::kBinary) return at::sigmoid(outputs) - labels;
    if (objective == ObjectiveKind::kPoisson) return at::exp(outputs) - labels;
    const auto errors = outputs - labels;
    return errors / at::sqrt(1.0 + errors.square());
  }
};

TEST_P(LeastLoss, IsFoundByAFewOfNewtonsSteps) {
  const c10::NoGradGuard no_grad;
  const auto& [stages, objective] = GetParam();
  // Reweighted least squares come nearer by a factor, Newton's steps by a square.
  const double nearness = objective == ObjectiveKind::kHuber ? 4e-2 : 1e-3;
  const Example example(options_with(stages, objective), at::kDouble);
  const auto found = example.learner.adapt(example.learner.batch_parameters(example.tensors), example.tensors).head;
  auto before = stages;
  before.pop_back();
  if (before.empty()) before = {StageKind::kSteps};  // of which there are none
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const PlainRows rows(example, example.tensors.support, task, example.support_rows(task));
    const auto head = at::cat({found.w[task][0], found.b[task][0]}, 0);
    const auto error = gradient(objective, rows.base + rows.h.mv(head), rows.label);
    const auto pull = (example.raw("ridge.precision") + 0.001) * (head - start_of(example, before, task));
    EXPECT_LT((rows.h.t().mv(error) + pull).abs().max().item<double>(), nearness) << task;
  }
}

// The same row a hundred times, labels all alike, and next to no precision.
TEST_P(ClosedForm, StaysFiniteWithEqualRows) {
  Example example(options_with(GetParam()), at::kFloat);
  for (const auto* name : {"ridge.precision", "kernel.precision"})
    if (example.learner.parameters().contains(name)) example.learner.parameters()[name].detach().fill_(-100.0);
  auto repeated = example.tensors;
  const auto repeat = [](const at::Tensor& rows) { return rows.narrow(1, 0, 1).expand({kTasks, 100}).contiguous(); };
  repeated.support = {repeat(repeated.support.place), at::full({kTasks, 100}, 5.0f), at::ones({kTasks, 100})};
  const auto losses = example.learner.losses(example.learner.batch_parameters(repeated), repeated, nullptr);
  EXPECT_TRUE(losses.isfinite().all().item<bool>());
  const auto& parameters = example.learner.parameters();
  const auto gradients = torch::autograd::grad({losses.sum()}, parameters.values(), {}, std::nullopt, false, true);
  for (std::size_t i = 0; i < gradients.size(); ++i)
    EXPECT_TRUE(!gradients[i].defined() || gradients[i].isfinite().all().item<bool>()) << parameters.list()[i].name;
}

INSTANTIATE_TEST_SUITE_P(
    Ridge, LeastLoss,
    testing::Combine(testing::Values(Stages{StageKind::kRidge},
                                     Stages{StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge}),
                     testing::Values(ObjectiveKind::kBinary, ObjectiveKind::kHuber, ObjectiveKind::kPoisson)),
    [](const auto& info) { return std::to_string(info.index); });

INSTANTIATE_TEST_SUITE_P(Stages, ClosedForm,
                         testing::Values(std::vector{StageKind::kRidge},
                                         std::vector{StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge},
                                         std::vector{StageKind::kPrior, StageKind::kTaskMemory,
                                                     StageKind::kSupportEncoder, StageKind::kRidge},
                                         std::vector{StageKind::kKernel},
                                         std::vector{StageKind::kPrior, StageKind::kSupportEncoder,
                                                     StageKind::kKernel}),
                         [](const auto& info) { return std::to_string(info.index); });

}  // namespace
}  // namespace warmstart
