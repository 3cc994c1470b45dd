// Readouts that compare rows with the support's: against numbers from NumPy, and in float32 against doubles.

#include "trainer/adaptation/support_readout.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/same_in_float32.h"
#include "trainer/adaptation/contrast.h"

namespace warmstart {
namespace {

constexpr auto kReadouts = {ReadoutKind::kMatching, ReadoutKind::kSiamese};

at::Tensor doubles(at::ArrayRef<double> values, at::IntArrayRef sizes) {
  return at::tensor(values, at::kDouble).view(sizes);
}

// One task's three support rows, and a fourth that is padding; three query rows.
//
// import numpy as np
// h = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, 0.1]]); v = np.array([1.5, -0.5, 2.0])
// q = np.array([[0.5, 1.0], [0.3, 0.1], [-2.0, 1.0]])
// s, kappa = 3.0, 0.7 + 0.001
// unit = lambda x: x / np.sqrt((x**2).sum(1, keepdims=True) + 1e-6)
// distance = np.sqrt(((q[:, None] - h[None]) ** 2).sum(2) + 0.01) - 0.1
// for e in np.exp(s * (unit(q) @ unit(h).T - 1)), np.exp(-s * distance):
//   print((e @ v) / (kappa + e.sum(1)))
// same = np.array([1, 1, 0])[:, None] == np.array([1, 0, 1])
// print(np.where(same, distance, np.maximum(1.2 - distance, 0)).mean())
struct Rows3 {
  explicit Rows3(ReadoutKind readout)
      : memory{row_keys(readout, doubles({1.0, 2.0, -1.0, 0.5, 0.3, 0.1, 7.0, -7.0}, {1, 4, 2})),
               doubles({1.5, -0.5, 2.0, 0.0}, {1, 4, 1}), doubles({1, 1, 1, 0}, {1, 4})},
        query(row_keys(readout, doubles({0.5, 1.0, 0.3, 0.1, -2.0, 1.0}, {1, 3, 2}))) {}
  SupportMemory memory;
  at::Tensor query;
};

void expect_added(ReadoutKind readout, at::ArrayRef<double> expected) {
  Parameters parameters;
  add_readout(readout, parameters);
  parameters.flatten(at::kDouble);
  const auto before_softplus = [](double value) { return std::log(std::expm1(value)); };
  parameters["readout.sharpness"].detach().fill_(before_softplus(3.0));
  parameters["readout.kappa"].detach().fill_(before_softplus(0.7));
  const ReplicatedTables tables(parameters);
  const BatchParameters of_batch(parameters, tables, {}, Leaves::kParameters);
  const Rows3 rows(readout);
  const auto found = support_weights(readout, rows.query, rows.memory, of_batch).matmul(rows.memory.values);
  EXPECT_LT((found - doubles(expected, {1, 3, 1})).abs().max().item<double>(), 1e-8) << found;
}

TEST(SupportReadout, MatchingIsAttentionByCosines) {
  expect_added(ReadoutKind::kMatching, {1.064467967, 1.234504642, -0.235310292});
}

TEST(SupportReadout, SiameseIsRegressionByDistances) {
  expect_added(ReadoutKind::kSiamese, {0.274246639, 1.154459746, -0.028714252});
}

TEST(Contrast, PullsRowsOfAKindTogetherAndOthersApart) {
  const Rows3 rows(ReadoutKind::kSiamese);
  const RowTensors support = {{}, doubles({1, 0, 1, 0}, {1, 4}), rows.memory.mask};
  const RowTensors query = {{}, doubles({1, 1, 0}, {1, 3}), at::ones({1, 3}, at::kDouble)};
  const auto distance = distances(rows.query, rows.memory);
  const ContrastOptions options = {.margin = 1.2};
  EXPECT_NEAR(contrastive_losses(options, distance, query, support).item<double>(), 0.5332966416539182, 1e-12);
  // All are of a kind where labels may differ by so much.
  const auto all = contrastive_losses({.alike = 1.0}, distance, query, support).item<double>();
  EXPECT_NEAR(all, distance.narrow(2, 0, 3).mean().item<double>(), 1e-12);
  const RowTensors none = {{}, support.label, at::zeros_like(support.mask)};
  EXPECT_EQ(contrastive_losses(options, distance, query, none).item<double>(), 0.0);
}

ModelOptions comparing(ReadoutKind readout, ObjectiveKind objective) {
  ModelOptions options;
  options.network = {.embedding = 5, .tower = {6}, .features = 3};
  options.objective.kind = objective;
  options.adapt.stages = {StageKind::kPrior, StageKind::kSupportEncoder};
  options.adapt.readout = readout;
  options.adapt.prior = options.adapt.encoder = 4;
  return options;
}

TEST(SupportReadout, ComputesInFloat32WhatItDoesInDoublesWithTheGradients) {
  for (const auto readout : kReadouts)
    for (const auto objective : {ObjectiveKind::kSquared, ObjectiveKind::kPoisson, ObjectiveKind::kPairwise})
      expect_same_in_float32(comparing(readout, objective));
}

// A row is nothing but its label where it is just like the query row, much sharper than others, and outweighs kappa.
TEST(SupportReadout, ComesToTheLabelOfARowThatIsTheSame) {
  const c10::NoGradGuard no_grad;
  for (const auto readout : kReadouts) {
    RandomModel model(comparing(readout, ObjectiveKind::kSquared));
    const auto set = [&](const char* name, double value) { model.learner.parameters()[name].detach().fill_(value); };
    set("readout.sharpness", 1e4);
    set("readout.kappa", -100.0);
    set("readout.factor", std::log(std::expm1(1.0)));
    auto& tensors = model.tensors;
    tensors.query = tensors.support;
    const auto outputs = model.outputs(tensors).squeeze(2);
    const auto& places = tensors.support.place;
    const auto& mask = tensors.support.mask;
    for (std::int64_t task = 0; task < kTasks; ++task) {
      for (std::int64_t row = 0; row < mask.size(1) && mask[task][row].item<double>() > 0; ++row) {
        const auto same = (places[task] == places[task][row]) * mask[task];
        if (same.sum().item<double>() != 1.0) continue;  // a task may have a row twice
        EXPECT_NEAR(outputs[task][row].item<double>(), tensors.support.label[task][row].item<double>(), 0.02)
            << task << " " << row;
      }
    }
  }
}

}  // namespace
}  // namespace warmstart
