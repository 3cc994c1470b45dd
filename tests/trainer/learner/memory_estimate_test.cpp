#include "trainer/learner/memory_estimate.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/baselines/als.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

class MemoryEstimateTest : public testing::Test {
 protected:
  MemoryEstimateTest() { dataset = std::make_unique<Dataset>(ingest_small_dataset(folder.path()).dataset, false); }
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
};

TEST_F(MemoryEstimateTest, CountsTheParametersOfEveryScopeAndKindOfRates) {
  for (const auto scope : {Scope::kHead, Scope::kDense, Scope::kAll}) {
    for (const auto rates : {InnerRates::kFixed, InnerRates::kPerLayer, InnerRates::kPerParameter}) {
      for (const int steps : {0, 3}) {
        ModelOptions options = {.embedding = 5, .tower = {7, 3}, .features = 4, .prior = 6};
        options.inner = {.steps = steps, .scope = scope, .rates = rates};
        const TwoTower model(dataset->schema(), options, 0);
        EXPECT_EQ(parameter_count(dataset->schema(), options), model.parameters().flat().numel())
            << steps << nlohmann::json(scope).dump() << nlohmann::json(rates).dump();
      }
    }
  }
}

TEST_F(MemoryEstimateTest, AModelThatDoesNotFitIsRefusedBeforeItIsMade) {
  for (const auto& options :
       {ModelOptions{.embedding = 1'000'000'000}, ModelOptions{.tower = {1'000'000'000, 1'000'000'000}},
        ModelOptions{.features = 1'000'000'000}, ModelOptions{.prior = 1'000'000'000}})
    EXPECT_THROW(TwoTower(dataset->schema(), options, 0), UsageError);
}

TEST_F(MemoryEstimateTest, AMetaStepThatDoesNotFitIsRefused) {
  TrainOptions options;
  require_training_memory(dataset->schema(), {}, options);
  options.tasks = 1'000'000'000'000;
  EXPECT_THROW(require_training_memory(dataset->schema(), {}, options), UsageError);
  options.tasks = options.microbatches = 1'000'000'000'000;  // small batches, but each has a place in the plan
  EXPECT_THROW(require_training_memory(dataset->schema(), {}, options), UsageError);
}

TEST_F(MemoryEstimateTest, FactorsThatDoNotFitAreRefusedBeforeTheyAreMade) {
  const TrainingRows rows(*dataset);
  EXPECT_THROW(Als(rows, dataset->schema(), {.factors = 1'000'000}, 0), UsageError);
  EXPECT_THROW(Als(rows, dataset->schema(), {.factors = 0}, 0), UsageError);
}

}  // namespace
}  // namespace warmstart
