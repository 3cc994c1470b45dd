// The network din, against its equations with one pair of rows after the other.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"

namespace warmstart {
namespace {

constexpr std::int64_t kDinWidth = 5;

class DinTest : public testing::Test, protected RandomModel {
 protected:
  DinTest() : RandomModel(options()) {}
  static ModelOptions options() {
    ModelOptions options;
    options.network = {.kind = NetworkKind::kDin, .embedding = kDinWidth, .tower = {6}};
    options.adapt.stages = {StageKind::kSteps};
    options.adapt.inner = {.steps = 0};
    return options;
  }

  at::Tensor vector_of(std::int64_t row) const {
    const auto at = static_cast<std::size_t>(row);
    auto x = parameter("input.weight").mv(tensors.rows.dense[row]) + parameter("input.bias");
    const auto end = at + 1 < batch.rows.offsets.size() ? batch.rows.offsets[at + 1]
                                                        : static_cast<std::int64_t>(batch.rows.ids.size());
    for (auto i = static_cast<std::size_t>(batch.rows.offsets[at]); i < static_cast<std::size_t>(end); ++i)
      x = x + batch.rows.weights[i] * parameter("embedding")[batch.rows.ids[i]];
    return x;
  }

  // The output of a row whose task's support rows are `support`.
  at::Tensor output_of(std::int64_t row, const std::vector<std::int64_t>& support) const {
    const auto x = vector_of(row);
    auto interest = at::zeros({kDinWidth}, at::kDouble), sum = at::ones({}, at::kDouble);
    for (const auto other : support) {
      const auto h = vector_of(other);
      const auto product = parameter("attention.query.weight").mv(x).dot(parameter("attention.key.weight").mv(h));
      const auto share = at::exp(product / std::sqrt(static_cast<double>(kDinWidth)));
      interest = interest + share * h;
      sum = sum + share;
    }
    interest = interest / sum;
    const auto joined = at::cat({x, interest, x * interest});
    const auto hidden = at::leaky_relu(parameter("tower.0.weight").mv(joined) + parameter("tower.0.bias"), 0.1);
    const auto key = batch.key[static_cast<std::size_t>(row)];
    auto base = parameter("output.weight")[0].dot(hidden) + parameter("output.bias")[0];
    if (key != 0) base = base + parameter("key_bias")[key][0];
    return base + parameter("head.weight")[0].dot(hidden) + parameter("head.bias")[0];
  }

  std::vector<std::int64_t> rows_of(const RowTensors& rows, std::int64_t task) const {
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < rows.place.size(1); ++i)
      if (rows.mask[task][i].item<double>() > 0.0) places.push_back(rows.place[task][i].item<std::int64_t>());
    return places;
  }
};

TEST_F(DinTest, AttendsToTheSupportRowsThatAreLikeARow) {
  const c10::NoGradGuard no_grad;
  const auto outputs = this->outputs(tensors);
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const auto support = rows_of(tensors.support, task), query = rows_of(tensors.query, task);
    for (std::size_t i = 0; i < query.size(); ++i) {
      const auto expected = output_of(query[i], support).item<double>();
      EXPECT_NEAR(outputs[task][static_cast<std::int64_t>(i)][0].item<double>(), expected, 1e-12) << task << " " << i;
    }
  }
}

// What all tasks share of a row is what a task without support rows sees, whatever support there is.
TEST_F(DinTest, LooksAtNothingWhereATaskIsToBeWithoutSupport) {
  const c10::NoGradGuard no_grad;
  const auto parameters = learner.batch_parameters(tensors);
  const auto priors = learner.reasons(parameters, tensors).prior;
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const auto query = rows_of(tensors.query, task);
    for (std::size_t i = 0; i < query.size(); ++i)
      EXPECT_NEAR(priors[task][static_cast<std::int64_t>(i)].item<double>(), output_of(query[i], {}).item<double>(),
                  1e-12);
  }
}

}  // namespace
}  // namespace warmstart
