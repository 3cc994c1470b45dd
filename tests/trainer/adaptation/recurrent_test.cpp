// Recurrent stages against LibTorch's own cells, one task at a time and without padding.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"

namespace warmstart {
namespace {

class RecurrentTest : public testing::TestWithParam<StageKind>, protected RandomModel {
 protected:
  RecurrentTest() : RandomModel(options()) {
    const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
    base = encoding.base();
    parts = encoding.parts().at(to_text(GetParam()) + ".rows");
  }
  static ModelOptions options() {
    ModelOptions options;
    options.network = {.kind = NetworkKind::kTwoTower, .embedding = 5, .tower = {6}, .features = 3};
    options.adapt = {.stages = {StageKind::kPrior, GetParam()}, .prior = 4, .recurrent = 4};
    return options;
  }
  at::Tensor of_cell(const std::string& name) const { return parameter(to_text(GetParam()) + "." + name); }
  Head adapted(const TensorBatch& of) const { return learner.adapt(learner.batch_parameters(of), of).head; }

  // [w, b] that a task's rows add to its head, as one vector.
  at::Tensor added(const Head& head, std::int64_t task) const {
    auto without = tensors;
    without.support.mask = at::zeros_like(without.support.mask);
    const auto start = adapted(without);
    return at::cat({head.w[task][0] - start.w[task][0], head.b[task][0] - start.b[task][0]});
  }

  // What the cell makes of the support rows at `places` of a task, by LibTorch's functions of one step.
  at::Tensor expected(std::int64_t task, const std::vector<std::int64_t>& places) const {
    auto hidden = at::zeros({1, 4}, at::kDouble), cell = hidden;
    for (const auto place : places) {
      const auto row = tensors.support.place[task][place].item<std::int64_t>();
      const auto residual = tensors.support.label[task][place] - base[row];
      const auto of_row = at::cat({parts[row].narrow(0, 0, 4), residual * parts[row].narrow(0, 4, 4)}).unsqueeze(0);
      const auto weights = of_cell("input.weight"), of_hidden = of_cell("state.weight");
      const auto bias = of_cell("input.bias"), hidden_bias = of_cell("state.bias");
      if (GetParam() == StageKind::kGru)
        hidden = at::gru_cell(of_row, hidden, weights, of_hidden, bias, hidden_bias);
      else
        std::tie(hidden, cell) = at::lstm_cell(of_row, {hidden, cell}, weights, of_hidden, bias, hidden_bias);
    }
    return of_cell("head.weight").mv(hidden[0]);
  }

  at::Tensor base, parts;
};

double largest(const at::Tensor& values) { return values.abs().max().item<double>(); }

TEST_P(RecurrentTest, AddWhatLibTorchsCellMakesOfEachTasksRows) {
  const c10::NoGradGuard no_grad;
  const auto head = adapted(tensors);
  for (std::int64_t task = 0; task < kTasks; ++task) {
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < support_rows(task); ++i) places.push_back(i);
    EXPECT_LT(largest(added(head, task) - expected(task, places)), 1e-12) << task;
    EXPECT_EQ(places.empty(), largest(added(head, task)) == 0.0) << task;
  }
}

TEST_P(RecurrentTest, PassOverPaddingBetweenRows) {
  const c10::NoGradGuard no_grad;
  auto holed = tensors;
  holed.support.mask = holed.support.mask.clone();
  holed.support.mask[0][1] = holed.support.mask[0][3] = 0.0;
  EXPECT_LT(largest(added(adapted(holed), 0) - expected(0, {0, 2, 4})), 1e-12);
}

// A row's share is what the head changed by when it was read.
TEST_P(RecurrentTest, GiveEachRowWhatItChanged) {
  const c10::NoGradGuard no_grad;
  const auto shares = learner.reasons(learner.batch_parameters(tensors), tensors).shares;
  const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
  const auto query = encoding.features()[tensors.query.place[0][0].item<std::int64_t>()];
  const auto with_one = at::cat({query, at::ones({1}, at::kDouble)});
  auto before = at::zeros({4}, at::kDouble);
  std::vector<std::int64_t> places;
  for (std::int64_t row = 0; row < 5; ++row) {
    places.push_back(row);
    const auto behind = expected(0, places);
    EXPECT_NEAR(shares[0][0][row].item<double>(), (behind - before).dot(with_one).item<double>(), 1e-12) << row;
    before = behind;
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, RecurrentTest, testing::Values(StageKind::kGru, StageKind::kLstm),
                         [](const auto& info) { return to_text(info.param); });

}  // namespace
}  // namespace warmstart
