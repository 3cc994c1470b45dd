#include "trainer/learner/memory_estimate.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/baselines/als.h"
#include "trainer/learner/learner.h"
#include "trainer/optimizers/row_optimizer.h"
#include "trainer/training/rank_limit.h"
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

// The tables of a rank as they are, with what each rule keeps beside their rows.
TEST_F(MemoryEstimateTest, CountsTheBytesOfShardedRowsBeforeTheyAreMade) {
  TrainOptions options;
  options.tables.placement.replicated_rows = 0;
  for (const auto rule : {RowRule::kLazyAdam, RowRule::kRowwiseAdagrad, RowRule::kSgd}) {
    options.tables.optimizer = rule;
    for (const int ranks : {1, 4}) {
      Learner model(dataset->schema(), {}, 0, make_network, TableHome{0, 0, ranks});
      const Learner unmade(dataset->schema(), {}, 0, make_network, TableHome{0, 0, ranks}, LearnerValues::kNone);
      const RowOptimizer optimizer(model.sharded_tables(), options.tables, options.adam);
      double bytes = 0.0;
      for (const auto& table : model.sharded_tables().list())
        bytes += static_cast<double>(table.records.nbytes() + (table.steps.defined() ? table.steps.nbytes() : 0));
      const auto memory = training_memory(unmade, options, false, ranks);
      EXPECT_EQ(memory.tables + memory.beside_rows, bytes) << to_text(rule);
      EXPECT_EQ(memory.parameters, static_cast<double>(model.parameters().flat().nbytes()));
      EXPECT_EQ(memory.best, 0.0);
    }
  }
}

TEST_F(MemoryEstimateTest, ATableThatNoRankOrDiskHasRoomForIsRefusedByName) {
  auto schema = dataset->schema();
  for (auto& field : schema.fields)
    if (field.owner == FieldOwner::kEntity && field.kind != FieldKind::kDense)
      field.vocabulary_size = 1'000'000'000'000;
  const Learner model(schema, {}, 0, make_network, TableHome{0}, LearnerValues::kNone);
  TrainOptions options;
  options.save.run = folder.path() / "runs/run";
  const auto expect_refusal = [](const auto& require, const std::string& phrase) {
    try {
      require();
      ADD_FAILURE() << phrase;
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("table 'embedding' of 20000000000"), std::string::npos) << message;
      EXPECT_NE(message.find(phrase), std::string::npos) << message;
    }
  };
  expect_refusal([&] { require_training_memory(model, options, false, {4, 2}); }, "on 4 ranks, 2 of them here");
  expect_refusal([&] { require_disk_of_tables(model, options, false); }, "of the disk, and ");
  options.save.run.clear();
  require_disk_of_tables(model, options, false);
}

TEST_F(MemoryEstimateTest, MoreRanksThanVirtualShardsAreRefused) {
  const Learner sharded(dataset->schema(), {}, 0, make_network, TableHome{0}), replicated(dataset->schema(), {}, 0);
  TrainOptions options;
  options.microbatches = 128;
  EXPECT_EQ(most_ranks(sharded, options), 64);
  EXPECT_EQ(most_ranks(replicated, options), 128);
  require_shards(sharded, 64);
  require_shards(replicated, 65);
  EXPECT_THROW(require_shards(sharded, 65), UsageError);
}

TEST_F(MemoryEstimateTest, FactorsThatDoNotFitAreRefusedBeforeTheyAreMade) {
  const TrainingRows rows(*dataset);
  EXPECT_THROW(Als(rows, dataset->schema(), {.factors = 1'000'000}, 0), UsageError);
}

}  // namespace
}  // namespace warmstart
