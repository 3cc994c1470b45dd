#include "trainer/learner/memory_estimate.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/baselines/als.h"
#include "trainer/learner/learner.h"
#include "trainer/training/training_memory.h"

namespace warmstart {
namespace {

class MemoryEstimateTest : public testing::Test {
 protected:
  MemoryEstimateTest() { dataset = std::make_unique<Dataset>(ingest_small_dataset(folder.path()).dataset, false); }
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
};

TEST_F(MemoryEstimateTest, CountsParametersBeforeTheyAreMade) {
  const Learner model(dataset->schema(), {}, 0);
  EXPECT_EQ(model.parameters().count(), static_cast<double>(model.parameters().flat().numel()));
}

TEST_F(MemoryEstimateTest, AModelThatDoesNotFitIsRefusedBeforeItIsMade) {
  constexpr std::int64_t kWide = 1'000'000'000;
  for (const auto& options :
       {ModelOptions{.network = {.embedding = kWide}}, ModelOptions{.network = {.tower = {kWide, kWide}}},
        ModelOptions{.network = {.features = kWide}}, ModelOptions{.adapt = {.prior = kWide}}})
    EXPECT_THROW(Learner(dataset->schema(), options, 0), UsageError);
}

TEST_F(MemoryEstimateTest, AMetaStepThatDoesNotFitIsRefused) {
  const Learner model(dataset->schema(), {}, 0);
  TrainOptions options;
  require_training_memory(model, options);
  options.tasks = 1'000'000'000'000;
  EXPECT_THROW(require_training_memory(model, options), UsageError);
  options.tasks = options.microbatches = 1'000'000'000'000;  // small batches, but each has a place in the plan
  EXPECT_THROW(require_training_memory(model, options), UsageError);
}

TEST_F(MemoryEstimateTest, FactorsThatDoNotFitAreRefusedBeforeTheyAreMade) {
  const TrainingRows rows(*dataset);
  EXPECT_THROW(Als(rows, dataset->schema(), {.factors = 1'000'000}, 0), UsageError);
}

}  // namespace
}  // namespace warmstart
