// The head that prototypes make scores a row by its squared distances to the classes' means.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"

namespace warmstart {
namespace {

class PrototypesTest : public testing::Test, protected RandomModel {
 protected:
  PrototypesTest() : RandomModel(options()) {}
  static ModelOptions options() {
    ModelOptions options;
    options.network = {.kind = NetworkKind::kMf, .features = 3};
    options.objective.kind = ObjectiveKind::kBinary;
    options.adapt.stages = {StageKind::kPrototypes};
    return options;
  }

  // A row's features: its key's factors, 0 where the key is unknown.
  at::Tensor features(std::int64_t row) const {
    const auto key = batch.key[static_cast<std::size_t>(row)];
    return key == 0 ? at::zeros({3}, at::kDouble) : parameter("factors")[key];
  }
  at::Tensor centre(std::int64_t task, int of_class) const {
    const auto kappa = at::softplus(parameter("prototypes.kappa"));
    auto sum = kappa * parameter("prototypes.start")[of_class], count = kappa.clone();
    for (std::int64_t i = task * batch.support.width; i < (task + 1) * batch.support.width; ++i) {
      const auto place = static_cast<std::size_t>(i);
      if (batch.support.mask[place] == 0.0f || static_cast<int>(batch.support.label[place]) != of_class) continue;
      sum = sum + features(batch.support.place[place]);
      count = count + 1.0;
    }
    return sum / count;
  }
};

TEST_F(PrototypesTest, ScoreByDistancesToTheMeansOfBothClasses) {
  const c10::NoGradGuard no_grad;
  const auto head = learner.adapt(learner.batch_parameters(tensors), tensors).head;
  const auto factor = at::softplus(parameter("prototypes.factor"));
  for (std::int64_t task = 0; task < batch.tasks; ++task) {
    const auto negative = centre(task, 0), positive = centre(task, 1);
    for (std::int64_t row = 0; row < kRows; ++row) {
      const auto h = features(row);
      const auto start = (h * parameter("head.weight")[0]).sum() + parameter("head.bias")[0];
      const auto expected = start + factor * ((h - negative).square().sum() - (h - positive).square().sum());
      const auto found = (h * head.w[task][0]).sum() + head.b[task][0][0];
      EXPECT_NEAR(found.item<double>(), expected.item<double>(), 1e-12) << task << " " << row;
    }
  }
}

}  // namespace
}  // namespace warmstart
