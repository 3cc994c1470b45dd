// Training whose embedding tables are sharded over the ranks.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "tests/support/shared_folder.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/training/training.h"

namespace warmstart {
namespace {

class ShardedTrainingTest : public testing::Test {
 protected:
  ShardedTrainingTest() : group(MPI_COMM_WORLD) {
    ingest_small_dataset(folder.path());  // each rank its own: the data are the same
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    options.steps = 10;
    options.tasks = 16;
    options.validation.query = 4;
    options.validation.support = {"0", "all"};
    model_options.network.embedding = 8;
    model_options.network.tower = {8};
    model_options.network.features = 4;
    model_options.adapt.prior = 4;
  }

  std::unique_ptr<Learner> model(Communicator& communicator, std::int64_t replicated_rows = 0) const {
    return std::make_unique<Learner>(dataset->schema(), model_options, 1, make_network,
                                     TableHome{replicated_rows, communicator.rank(), communicator.size()});
  }
  TrainOutcome run(Communicator& communicator, TrainStart start = {}) const {
    const auto made = model(communicator);
    start_from_data(*made, *dataset, options.episode, communicator);
    return train(*made, *dataset, options, communicator, {}, std::move(start));
  }

  MpiCommunicator group;
  SelfCommunicator alone;
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  TrainOptions options;
  ModelOptions model_options;
};

TEST_F(ShardedTrainingTest, EndsInTheSameBitsOnAnyNumberOfRanks) {
  for (const auto rule : {RowRule::kLazyAdam, RowRule::kRowwiseAdagrad, RowRule::kSgd}) {
    options.tables.optimizer = rule;
    const auto digest = run(alone).digest;
    EXPECT_EQ(run(group).digest, digest) << to_text(rule);
    options.seed = 1;
    EXPECT_NE(run(group).digest, digest) << to_text(rule);
    options.seed = 0;
  }
}

TEST_F(ShardedTrainingTest, EndsInTheSameBitsWhateverAdaptsAndIsComputedTogether) {
  model_options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  for (const auto network : {NetworkKind::kDeepFm, NetworkKind::kMf, NetworkKind::kDin}) {
    model_options.network.kind = network;
    model_options.adapt.inner.scope = network == NetworkKind::kDin ? Scope::kHead : Scope::kAll;
    EXPECT_EQ(run(group).digest, run(alone).digest) << to_text(network);
  }
  options.precision = Precision::kBfloat16;  // whose microbatches go one by one
  EXPECT_EQ(run(group).digest, run(alone).digest);
}

TEST_F(ShardedTrainingTest, EndsInTheSameBitsAmongAllEntitiesAndWithNegatives) {
  options.episode.negatives = 3;
  options.validation.candidates.kind = Candidates::Kind::kAll;
  const auto found = run(group);
  EXPECT_EQ(found.digest, run(alone).digest);
  EXPECT_GT(found.best_step, 0);
}

// Dense parameters of one process, whose gradient autograd finds of whole tables, and Adam.
TEST_F(ShardedTrainingTest, TakesTheFirstStepOfReplicatedTables) {
  options.steps = options.log_every = 1;
  options.keep_best = false;
  options.adam.embedding_l2 = options.adam.network_l2 = 0;  // else rows that nobody looks up move, too
  options.adam.warmup = 0;
  for (const auto scope : {Scope::kHead, Scope::kAll}) {
    model_options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
    model_options.adapt.inner.scope = scope;
    const auto sharded = model(alone), replicated = model(alone, 1 << 20);
    ASSERT_FALSE(sharded->sharded_tables().empty());
    for (const auto& table : sharded->sharded_tables().list())
      replicated->parameters()[table.name].detach().copy_(sharded->sharded_tables().whole(table.name));
    std::vector<TrainProgress> progress;
    for (auto* each : {sharded.get(), replicated.get()}) {
      TrainObserver observer;
      observer.progress = [&](const TrainProgress& now) { progress.push_back(now); };
      train(*each, *dataset, options, alone, observer);
    }
    EXPECT_NEAR(progress.at(0).loss / progress.at(1).loss, 1.0, 1e-6);
    EXPECT_NEAR(progress[0].gradient_norm / progress[1].gradient_norm, 1.0, 1e-5);
    for (const auto& table : sharded->sharded_tables().list())
      EXPECT_TRUE(at::allclose(sharded->sharded_tables().whole(table.name),
                               replicated->parameters()[table.name].detach(), 1e-4, 1e-5))
          << table.name;
  }
}

TEST_F(ShardedTrainingTest, GoesOnOnAnotherNumberOfRanksFromFilesByShard) {
  const SharedFolder shared(group);
  options.save.run = shared.path();
  options.save.every_steps = 3;
  options.save.retention.last = 20;
  const auto digest = run(group).digest;
  options.save.run.clear();
  const auto step = checkpoints_of(shared.path()).back();
  TrainStart on_one, on_all;
  on_one.checkpoint = read_checkpoint_on_all(step, alone);
  on_all.checkpoint = read_checkpoint_on_all(step, group);
  EXPECT_EQ(on_one.checkpoint->tables.size(), 3u);
  EXPECT_LT(on_one.checkpoint->step, options.steps);
  EXPECT_EQ(run(alone, std::move(on_one)).digest, digest);
  EXPECT_EQ(run(group, std::move(on_all)).digest, digest);
}

TEST_F(ShardedTrainingTest, ALossThatRunsAwayTakesTablesBackToo) {
  options.steps = 40;
  options.loss_limit = 1.35;
  options.rollbacks = 40;
  options.save.every_steps = 5;
  options.save.retention.last = 20;
  std::string digests[2];
  for (auto* communicator : {static_cast<Communicator*>(&group), static_cast<Communicator*>(&alone)}) {
    const SharedFolder shared(*communicator);
    options.save.run = shared.path();
    digests[communicator == &alone] = run(*communicator).digest;
    EXPECT_GE(read_checkpoint_on_all(shared.path(), *communicator).state.rollbacks, 1);
  }
  EXPECT_EQ(digests[0], digests[1]);
}

TEST_F(ShardedTrainingTest, OtherOuterUpdatesEndInTheSameBitsToo) {
  model_options.adapt.stages = {StageKind::kSteps};
  model_options.adapt.inner = {.steps = 2, .scope = Scope::kAll, .rates = InnerRates::kFixed};
  for (const auto update : {OuterUpdate::kReptile, OuterUpdate::kAveraging}) {
    options.outer.update = update;
    options.outer.weights = update == OuterUpdate::kAveraging ? TaskWeights::kRows : options.outer.weights;
    EXPECT_EQ(run(group).digest, run(alone).digest) << to_text(update);
  }
}

}  // namespace
}  // namespace warmstart
