// The code of docs/your_first_network.md: it compiles, its meta-gradient is exact, and it learns.

#include "your_first_network.h"

#include <gtest/gtest.h>

#include "cluster/self_communicator.h"
#include "tests/support/exact_meta_gradient.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/training/training.h"

namespace warmstart {
namespace {

std::unique_ptr<Network> make_sum(const NetworkParts& parts) { return std::make_unique<Sum>(parts); }

TEST(YourFirstNetwork, IsExactInEveryScope) {
  for (const auto scope : {Scope::kHead, Scope::kDense, Scope::kAll}) {
    ModelOptions options;
    options.network.embedding = 5;
    options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
    options.adapt.inner = {.steps = 2, .scope = scope};
    expect_exact_meta_gradient(options, make_sum);
  }
}

TEST(YourFirstNetwork, Learns) {
  const TemporaryFolder folder;
  const Dataset dataset(ingest_small_dataset(folder.path()).dataset, true);
  ModelOptions model_options;
  model_options.network.embedding = 8;
  model_options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  model_options.adapt.inner.scope = Scope::kAll;
  Learner model(dataset.schema(), model_options, 1, make_sum);
  SelfCommunicator alone;
  start_from_data(model, dataset, {}, alone);
  const Evaluation judge(dataset, Split::kValidation, {.support = {"3"}, .query = 3}, alone);
  const auto before = judge.mean(model, Measure{MeasureKind::kMae});
  TrainOptions options;
  options.steps = 60;
  options.tasks = 16;
  options.adam.warmup = 5;
  options.validation.query = 3;
  train(model, dataset, options, alone, {});
  EXPECT_LT(judge.mean(model, Measure{MeasureKind::kMae}), before);
}

}  // namespace
}  // namespace warmstart
