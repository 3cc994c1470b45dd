// Training whose embedding tables are sharded over the ranks.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "data/ingest.h"
#include "tests/support/shared_folder.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/learner/extended_vocabulary.h"
#include "trainer/tables/bytes_of_values.h"
#include "trainer/tables/checkpoint_growth.h"
#include "trainer/tables/named_ids.h"
#include "trainer/tables/trained_rows.h"
#include "trainer/training/catalogue_encoding.h"
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
    auto home = home_of(options.tables, dataset->schema(), communicator.rank(), communicator.size());
    home.replicated_rows = replicated_rows;
    auto made = std::make_unique<Learner>(dataset->schema(), model_options, 1, make_network, home);
    name_ids(made->sharded_tables(), *dataset);
    return made;
  }
  TrainOutcome run(Communicator& communicator, TrainStart start = {}) const {
    const auto made = model(communicator);
    start_from_data(*made, *dataset, options.episode, communicator);
    return train(*made, *dataset, options, communicator, {}, std::move(start));
  }

  // Tables of a run's newest checkpoint, of which a process has copies of rows.
  struct Copied {
    Copied(const ShardedTrainingTest& test, const std::filesystem::path& run, Communicator& communicator) {
      const auto checkpoint = read_checkpoint_without_rows(run, communicator);
      EXPECT_TRUE(checkpoint.tables.empty());
      const auto names = names_of_tables(checkpoint.files->manifest.tables);
      tables = std::make_shared<CopiedTables>(std::set<std::string>(names.begin(), names.end()));
      const TableHome home = {.copied = tables};
      const auto& schema = test.dataset->schema();
      const Learner declares(schema, test.model_options, 1, make_network, home, LearnerValues::kNone);
      rows.emplace(checkpoint, tables, [&](IdsOf ids) {
        return test.options.tables.growth.most_rows > 0
                   ? RowAddresses(std::make_shared<RowNames>(names_of_ids(*test.dataset, ids)))
                   : RowAddresses(earlier_ids(schema, schema, ids), count_of_ids(schema, ids));
      });
    }
    std::shared_ptr<CopiedTables> tables;
    std::optional<TrainedRows> rows;
  };

  // Of which a meta-step sees a part.
  void take_data_of_many_items() {
    SyntheticOptions synthetic;
    synthetic.folder = folder.path() / "many tables";
    synthetic.users = 60;
    synthetic.items = 600;
    synthetic.rows_per_user = 20;
    synthesize(synthetic);
    ingest(options_for_synthetic(synthetic.folder, folder.path() / "many"));
    dataset = std::make_unique<Dataset>(folder.path() / "many", true);
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

// Deltas between full checkpoints, with a best that is older and newer than what they rest on.
TEST_F(ShardedTrainingTest, GoesOnFromDeltasToo) {
  take_data_of_many_items();
  options.steps = 12;
  options.validate_every = 5;
  for (const auto& [rule, most_rows] :
       {std::pair(RowRule::kLazyAdam, 0), {RowRule::kSgd, 0}, {RowRule::kLazyAdam, 128}}) {
    const SharedFolder shared(group);
    options.tables.optimizer = rule;
    // Rows come and go all the time.
    if (most_rows > 0) options.tables.growth = {.most_rows = most_rows, .admit = 2};
    options.save.every_steps = 1;
    options.save.full_every = 4;
    options.save.retention.last = 20;
    options.save.run = shared.path();
    const auto digest = run(group).digest;
    options.save.run.clear();
    std::int64_t deltas = 0;
    for (const auto& folder : checkpoints_of(shared.path())) {
      deltas += read_manifest(folder).base ? 1 : 0;
      const bool is_first = folder == checkpoints_of(shared.path()).back();
      auto& communicator = is_first ? static_cast<Communicator&>(alone) : static_cast<Communicator&>(group);
      TrainStart start;
      start.checkpoint = read_checkpoint_on_all(folder, communicator);
      EXPECT_EQ(run(communicator, std::move(start)).digest, digest) << folder << " " << most_rows;
    }
    EXPECT_GE(deltas, 1);  // how many depends on how soon each is written
  }
}

// Rows come and go all the time: there is room for fewer keys than the data have.
TEST_F(ShardedTrainingTest, TablesThatGrowEndInTheSameBitsAndGoOnOnAnyNumberOfRanks) {
  const SharedFolder shared(group);
  take_data_of_many_items();
  options.tables.growth = {.most_rows = 128, .admit = 2};
  options.save.every_steps = 3;
  options.save.retention.last = 20;
  for (const auto eviction : {Eviction::kLeastRecent, Eviction::kLeastFrequent}) {
    options.tables.growth.evict = eviction;
    options.save.run = shared.path() / to_text(eviction);
    const auto digest = run(group).digest;
    options.save.run.clear();
    EXPECT_EQ(run(alone).digest, digest);
    const auto folders = checkpoints_of(shared.path() / to_text(eviction));
    TrainStart on_one, on_all;
    on_one.checkpoint = read_checkpoint_on_all(folders.back(), alone);
    on_all.checkpoint = read_checkpoint_on_all(folders.back(), group);
    const auto newest = growth_in(read_checkpoint(folders.front()));
    ASSERT_FALSE(newest.empty());
    EXPECT_GT(newest[0].evicted, 0);
    EXPECT_EQ(newest[0].admitted - newest[0].evicted, newest[0].rows);
    EXPECT_EQ(run(alone, std::move(on_one)).digest, digest);
    EXPECT_EQ(run(group, std::move(on_all)).digest, digest);
  }
}

// A flood of items, of which there are more than their rows, beside categories that keep theirs.
TEST_F(ShardedTrainingTest, FieldsWithRowsOfTheirOwnEndInTheSameBitsAndGoOnOnAnyNumberOfRanks) {
  const SharedFolder shared(group);
  take_data_of_many_items();
  options.tables.growth = {.most_rows = 640, .admit = 1, .evict = Eviction::kNone};
  options.tables.fields.list = {{.field = "item", .most_rows = 128, .admit = 2, .evict = Eviction::kLeastRecent}};
  options.save.every_steps = 2;
  options.save.full_every = 3;
  options.save.retention.last = 20;
  options.save.run = shared.path();
  const auto digest = run(group).digest;
  options.save.run.clear();
  EXPECT_EQ(run(alone).digest, digest);
  const auto fields = std::exchange(options.tables.fields, {});
  EXPECT_NE(run(alone).digest, digest);
  options.tables.fields = fields;
  const auto folders = checkpoints_of(shared.path());
  for (const auto& folder : {folders.back(), folders[folders.size() / 2]}) {
    TrainStart on_one, on_all;
    on_one.checkpoint = read_checkpoint_on_all(folder, alone);
    on_all.checkpoint = read_checkpoint_on_all(folder, group);
    EXPECT_EQ(run(alone, std::move(on_one)).digest, digest) << folder;
    EXPECT_EQ(run(group, std::move(on_all)).digest, digest) << folder;
  }
  for (const auto& facts : growth_in(read_checkpoint(folders.front()))) {
    if (facts.ids_of == "tasks") continue;
    const auto& items = facts.of_fields.at("item");
    EXPECT_GT(items.evicted, 0) << facts.ids_of;
    EXPECT_GT(items.waiting, 0) << facts.ids_of;
    EXPECT_EQ(items.evicted, facts.evicted) << facts.ids_of;
    EXPECT_EQ(items.admitted - items.evicted, items.rows) << facts.ids_of;
    EXPECT_LE(items.rows, 128);
    EXPECT_EQ(facts.rows > items.rows, facts.ids_of == "rows");  // categories beside them
  }
}

TEST_F(ShardedTrainingTest, ReportsAreOfAllRanksAndOfEachField) {
  take_data_of_many_items();
  options.tables.growth = {.most_rows = 640, .admit = 1};
  options.tables.fields.list = {{.field = "item", .most_rows = 128, .admit = 2}};
  options.steps = options.log_every = 4;
  std::vector<GrowthReport> reports;
  for (auto* communicator : {static_cast<Communicator*>(&group), static_cast<Communicator*>(&alone)}) {
    const auto made = model(*communicator);
    start_from_data(*made, *dataset, options.episode, *communicator);
    TrainObserver observer;
    observer.progress = [&](const TrainProgress& progress) { reports.push_back(*progress.growth); };
    train(*made, *dataset, options, *communicator, observer);
  }
  ASSERT_EQ(reports.size(), 2u);
  for (const auto& report : reports) {
    const auto &items = report.of_fields.at("item"), &wanted = reports.back().of_fields.at("item");
    EXPECT_GT(items.rows, 10);
    EXPECT_EQ(items.rows, wanted.rows);
    EXPECT_EQ(items.waiting, wanted.waiting);
    EXPECT_EQ(items.admitted, wanted.admitted);
    EXPECT_EQ(items.evicted, wanted.evicted);
    EXPECT_GT(report.rows, items.rows);
    EXPECT_EQ(report.rows, reports.back().rows);
  }
}

// What validation was best with is what a checkpoint gives, by id as by key.
TEST_F(ShardedTrainingTest, ACheckpointGivesEachIdItsRowOrTheSharedOne) {
  const SharedFolder shared(group);
  take_data_of_many_items();
  options.tables.growth = {.most_rows = 100000, .admit = 20};
  options.save.run = shared.path();
  const auto trained = model(group);
  start_from_data(*trained, *dataset, options.episode, group);
  train(*trained, *dataset, options, group, {});
  const auto checkpoint = read_checkpoint(shared.path());
  const Copied by_id(*this, shared.path(), alone);
  by_id.rows->copy_all({});
  const auto rows = by_id.tables->whole("embedding");
  const auto facts = growth_in(checkpoint);
  const auto of_rows = std::find_if(facts.begin(), facts.end(), [](const auto& each) { return each.ids_of == "rows"; });
  EXPECT_GT(of_rows->rows, 10);
  EXPECT_LT(of_rows->rows, 600);
  EXPECT_GT(of_rows->waiting, 10);
  // Keys that wait share a row with others of their shard; id 0 stands for no key.
  const auto distinct = std::get<0>(at::unique_dim(rows, 0)).size(0);
  EXPECT_GE(distinct, of_rows->rows);
  EXPECT_LE(distinct, of_rows->rows + kVirtualShards);
  if (group.size() == 1) {
    EXPECT_TRUE(at::equal(trained->sharded_tables().whole("embedding"), rows));
  }
}

// Whichever rank holds them, of full checkpoints and deltas, with a best that is older than the newest.
TEST_F(ShardedTrainingTest, EachRankCopiesTheRowsThatItAsksFor) {
  take_data_of_many_items();
  options.steps = 12;
  options.validate_every = 5;
  options.save.every_steps = 1;
  options.save.full_every = 4;
  for (const bool grow : {false, true}) {
    const SharedFolder shared(group);
    options.tables.growth = {.most_rows = grow ? 300 : 0, .admit = grow ? 2 : 1};
    options.save.run = shared.path();
    const auto trained = model(group);
    start_from_data(*trained, *dataset, options.episode, group);
    train(*trained, *dataset, options, group, {});
    const Copied some(*this, shared.path(), group), all(*this, shared.path(), alone);
    all.rows->copy_all(folder.path());
    std::vector<at::Tensor> ids;
    for (const auto& kind : some.rows->kinds()) ids.push_back(at::arange(group.rank(), kind.ids, 3, at::kLong));
    some.rows->copy(ids, group);
    for (const auto& table : some.tables->list()) {
      const auto wanted = at::arange(group.rank(), table.ids, 3, at::kLong);
      EXPECT_TRUE(at::equal(some.tables->rows(table.name, wanted), all.tables->rows(table.name, wanted)));
      EXPECT_THROW(some.tables->rows(table.name, wanted + 1), std::logic_error);
      EXPECT_THROW(some.tables->whole(table.name), std::logic_error);
      if (group.size() == 1) {
        EXPECT_TRUE(at::equal(all.tables->whole(table.name), trained->sharded_tables().whole(table.name)));
      }
    }
  }
}

// Each rank has rows of some entities at a time.
TEST_F(ShardedTrainingTest, EntitiesAreEncodedInRoundsToTheBitsOfARankThatHasAllRows) {
  take_data_of_many_items();
  constexpr std::int64_t kBlock = 64;
  for (const auto& stages : std::vector<std::vector<StageKind>>{
           {StageKind::kPrior}, {StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge}}) {
    model_options.adapt.stages = stages;
    const auto whole = model(alone), shared = model(group);
    auto& tables = shared->sharded_tables();
    RowsElsewhere rows = {{}, bytes_of_values(tables.list()), {}};
    for (const auto& list : tables.lists()) rows.kinds.push_back({list.ids_of(), list.ids()});
    int brought = 0;
    rows.bring = [&](const std::vector<at::Tensor>& ids) {
      ++brought;
      EXPECT_LT(ids[0].numel(), 64 * kBlock / 10);
      tables.release();
      tables.hold(ids, group);
    };
    // Ranks whose hosts have more memory go by those with less.
    const auto bytes = rows.bytes / 3 / group.size() * (1 + group.rank());
    const auto found = catalogue_encoding(*shared, *dataset, rows, group, {kBlock, bytes});
    EXPECT_GE(brought, group.size() == 4 ? 2 : 3);
    const auto wanted = encoded_entities(*whole, *dataset, 0, dataset->entities(), kBlock);
    EXPECT_TRUE(at::equal(found->features(), wanted.features()));
    EXPECT_TRUE(at::equal(found->base(), wanted.base()));
    ASSERT_EQ(found->parts().size(), wanted.parts().size());
    for (const auto& [name, part] : wanted.parts()) EXPECT_TRUE(at::equal(found->parts().at(name), part)) << name;
  }
}

TEST_F(ShardedTrainingTest, RowsOnDiskAreTheSameRows) {
  const auto in_memory = run(group).digest;
  options.tables.spill = folder.path() / "spill";
  std::filesystem::create_directory(options.tables.spill);
  EXPECT_EQ(run(group).digest, in_memory);
  EXPECT_TRUE(std::filesystem::is_empty(options.tables.spill));
  options.tables.spill = folder.path() / "none";
  EXPECT_THROW(model(group), EnvironmentError);
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
