// A memory of tasks adds the mixture of heads that attention over its keys gives, one task at a time.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"

namespace warmstart {
namespace {

constexpr std::int64_t kPriorWidth = 4;

class TaskMemoryTest : public testing::Test, protected RandomModel {
 protected:
  TaskMemoryTest() : RandomModel(options()) {}
  static ModelOptions options() {
    ModelOptions options;
    options.network = {.kind = NetworkKind::kTwoTower, .embedding = 5, .tower = {6}, .features = 3};
    options.adapt = {.stages = {StageKind::kTaskMemory}, .prior = kPriorWidth, .task_memory = 7};
    return options;
  }

  // Of the task's categorical field; the batch's tasks have no dense ones.
  at::Tensor description(std::int64_t task) const {
    auto sum = parameter("task-memory.input.bias");
    const auto& features = batch.descriptions;
    const auto end = task + 1 < kTasks ? features.offsets[static_cast<std::size_t>(task) + 1]
                                       : static_cast<std::int64_t>(features.ids.size());
    for (auto i = features.offsets[static_cast<std::size_t>(task)]; i < end; ++i)
      sum = sum + parameter("task-memory.embedding")[features.ids[static_cast<std::size_t>(i)]];
    return at::leaky_relu(sum, 0.1);
  }

  // What the first `count` support rows of a task say together.
  at::Tensor sum_of_rows(std::int64_t task, std::int64_t count) const {
    const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
    auto sum = at::zeros({2 * kPriorWidth}, at::kDouble);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = tensors.support.place[task][i].item<std::int64_t>();
      const auto residual = tensors.support.label[task][i] - encoding.base()[row];
      const auto parts = encoding.parts().at("task-memory.rows")[row].split(kPriorWidth);
      sum = sum + at::cat({parts[0], at::tanh(parts[1] + parts[2] * residual)});
    }
    return sum;
  }

  at::Tensor expected(std::int64_t task, std::int64_t count) const {
    const auto mean =
        sum_of_rows(task, count) / (static_cast<double>(count) + at::softplus(parameter("task-memory.kappa")));
    const auto query = parameter("task-memory.of-description.weight").mv(description(task)) +
                       parameter("task-memory.of-description.bias") + parameter("task-memory.of-rows.weight").mv(mean);
    const auto shares = at::softmax(parameter("task-memory.keys.weight").mv(query), 0);
    const auto start = at::cat({parameter("head.weight")[0], parameter("head.bias")});
    return start + parameter("task-memory.heads.weight").mv(shares);
  }
};

TEST_F(TaskMemoryTest, AddsTheHeadsOfTheNearestPrototypes) {
  const c10::NoGradGuard no_grad;
  const auto head = learner.adapt(learner.batch_parameters(tensors), tensors).head;
  for (std::int64_t task = 0; task < kTasks; ++task) {
    const auto found = at::cat({head.w[task][0], head.b[task][0]});
    EXPECT_LT((found - expected(task, support_rows(task))).abs().max().item<double>(), 1e-12) << task;
  }
}

TEST_F(TaskMemoryTest, GivesEachRowWhatItChanged) {
  const c10::NoGradGuard no_grad;
  const auto shares = learner.reasons(learner.batch_parameters(tensors), tensors).shares;
  const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
  const auto query = encoding.features()[tensors.query.place[0][0].item<std::int64_t>()];
  const auto with_one = at::cat({query, at::ones({1}, at::kDouble)});
  for (std::int64_t row = 0; row < 5; ++row) {
    const auto change = expected(0, row + 1) - expected(0, row);
    EXPECT_NEAR(shares[0][0][row].item<double>(), change.dot(with_one).item<double>(), 1e-12) << row;
  }
}

}  // namespace
}  // namespace warmstart
