// Every combination that `warmstart methods` lists trains to the same bits on any number of ranks, and resumes to them.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "data/ingest.h"
#include "tests/support/shared_folder.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tried_methods.h"
#include "trainer/training/microbatch_form.h"
#include "trainer/training/training.h"

namespace warmstart {
namespace {

TrainOptions options_of_test() {
  TrainOptions options;
  options.steps = 4;
  options.tasks = 8;
  options.adam.warmup = 1;
  options.keep_best = false;
  options.validation.query = 4;
  options.validation.support = {"3"};
  options.validate_every = 4;  // a best one would be saved at once, and the one that is due when that is written
  return options;
}

std::vector<ModelOptions> methods_and_settings() {
  auto methods = tried_methods();
  for (auto& method : tried_settings()) methods.push_back(std::move(method));
  return methods;
}

// Also of those that are left of them under sanitizers.
TEST(TriedMethods, HaveEveryNetworkObjectiveStageReadoutAndScope) {
  std::set<std::string> tried;
  for (const auto& method : every_step_of(methods_and_settings())) {
    const auto& adapt = method.adapt;
    for (const auto stage : adapt.stages) tried.insert(to_text(stage));
    tried.insert({to_text(method.network.kind), to_text(method.objective.kind), to_text(adapt.readout),
                  to_text(adapt.inner.scope)});
  }
  for (const auto& of : {enum_names<NetworkKind>(), enum_names<ObjectiveKind>(), enum_names<StageKind>(),
                         enum_names<ReadoutKind>(), enum_names<Scope>()})
    for (const auto& name : of) EXPECT_TRUE(tried.contains(name)) << name;
}

class MethodsTest : public testing::Test {
 protected:
  MethodsTest() : group(MPI_COMM_WORLD), dataset(ingest_binary()), scenarios(ingest_scenarios()) {}

  // Labels of 0 and 1 serve both objectives.
  Dataset ingest_binary() const {
    std::string rows = "user,item,rating,time\n", items = "item,category\n", users = "user,group\n";
    for (int item = 0; item < 20; ++item) items += fmt::format("i{},c{}\n", item, item % 3);
    for (int user = 0; user < 40; ++user) {
      users += fmt::format("u{},g{}\n", user, user % 4);
      for (int row = 0; row < 8; ++row)
        rows += fmt::format("u{},i{},{},{}\n", user, (3 * user + 7 * row) % 20, (user + row * row) % 2, row);
    }
    const auto tables = folder.path() / "tables";
    std::filesystem::create_directories(tables);
    folder.write("tables/interactions.csv", rows);
    folder.write("tables/items.csv", items);
    folder.write("tables/users.csv", users);
    const auto options = options_for_synthetic(tables, folder.path() / "dataset");
    ingest(options);
    return Dataset(options.dataset, true);
  }

  // Rows of many users each, some of whom and some items have several.
  Dataset ingest_scenarios() const {
    std::string rows = "page,user,item,rating,time\n";
    for (int page = 0; page < 40; ++page)
      for (int row = 0; row < 8; ++row)
        rows += fmt::format("p{},u{},i{},{},{}\n", page, (5 * page + row * row) % 40, (3 * page + 7 * row) % 20,
                            (page + row * row) % 2, row);
    folder.write("tables/pages.csv", rows);
    auto options = options_for_synthetic(folder.path() / "tables", folder.path() / "scenarios");
    options.task = TaskSide::kScenario;
    options.scenario = "page";
    options.interactions.files = {(folder.path() / "tables/pages.csv").string()};
    options.interactions.dense = {"time"};
    ingest(options);
    return Dataset(options.dataset, true);
  }

  const Dataset& dataset_for(const ModelOptions& method) const {
    return method.network.kind == NetworkKind::kEntityTowers ? scenarios : dataset;
  }

  std::string trained(const ModelOptions& model_options, const TrainOptions& options, Communicator& communicator,
                      TrainStart start = {}) const {
    return trained(model_options, options, communicator, std::move(start), dataset_for(model_options));
  }
  static std::string trained(const ModelOptions& model_options, const TrainOptions& options, Communicator& communicator,
                             TrainStart start, const Dataset& dataset) {
    const TableHome home = {options.tables.placement.replicated_rows, communicator.rank(), communicator.size()};
    Learner model(dataset.schema(), model_options, 1, make_network, home);
    start_from_data(model, dataset, {}, communicator);
    return train(model, dataset, options, communicator, {}, std::move(start)).digest;
  }

  // Half the way, and the rest from the checkpoint.
  std::string resumed(const ModelOptions& model_options, const TrainOptions& whole) {
    const SharedFolder shared(group);
    auto options = whole;
    options.save.run = shared.path();
    options.save.every_steps = 2;
    options.save.retention.last = 10;
    trained(model_options, options, group);
    TrainStart start;
    start.checkpoint = read_checkpoint_on_all(shared.path() / "step-00000002", group);
    return trained(model_options, whole, group, std::move(start));
  }

  // Those of the method on one rank, on all, and of a run that goes on from its checkpoint.
  void expect_same_bits(const ModelOptions& method, const TablePlacement& placement);

  TemporaryFolder folder;
  MpiCommunicator group;
  SelfCommunicator alone;
  Dataset dataset, scenarios;
};

void MethodsTest::expect_same_bits(const ModelOptions& method, const TablePlacement& placement) {
  auto options = method;
  options.network.embedding = 4;
  options.network.tower = {4};
  options.network.features = 3;
  options.adapt.prior = options.adapt.recurrent = options.adapt.task_memory = 3;
  options.adapt.inner.steps = std::min(options.adapt.inner.steps, 2);
  auto of_training = options_of_test();
  of_training.tables.placement = placement;
  if (Learner(dataset_for(options).schema(), options, 1).reads_order()) of_training.episode.order = RowOrder::kSorted;
  const auto digest = trained(options, of_training, alone);
  EXPECT_EQ(trained(options, of_training, group), digest) << name_of_tried(method);
  EXPECT_EQ(resumed(options, of_training), digest) << name_of_tried(method);
}

TEST_F(MethodsTest, EndInTheSameBitsOnAnyNumberOfRanksAndWhenResumed) {
  for (const auto& method : every_step_of(methods_and_settings())) expect_same_bits(method, {});
}

TEST_F(MethodsTest, EndInTheSameBitsWithShardedTables) {
  // Each method takes as long as with replicated ones, and all of them look rows up in a few ways.
  constexpr std::size_t kStep = 6;
  const auto methods = every_step_of(methods_and_settings());
  for (std::size_t i = 0; i < methods.size(); i += kStep) expect_same_bits(methods[i], {.replicated_rows = 0});
}

// By what inner steps change, and jointly first: the run turns from one to the other where it is resumed.
TEST_F(MethodsTest, OtherOuterUpdatesEndInTheSameBitsOnAnyNumberOfRanksAndWhenResumed) {
  ModelOptions method;
  method.network = {.embedding = 4, .tower = {4}, .features = 3};
  method.adapt.stages = {StageKind::kSteps};
  method.adapt.inner = {.steps = 2, .rates = InnerRates::kFixed};
  std::set<std::string> digests;
  for (const auto scope : {Scope::kHead, Scope::kAll})
    for (const auto& outer :
         {OuterOptions{}, OuterOptions{.update = OuterUpdate::kReptile},
          OuterOptions{.update = OuterUpdate::kAveraging},
          OuterOptions{.update = OuterUpdate::kAveraging, .weights = TaskWeights::kRows, .averaging_rate = 0.5}}) {
      auto options = options_of_test();
      options.outer = outer;
      options.outer.schedule = {"joint:1", "meta:1"};
      options.steps = 0;
      options.epochs = 2;
      options.tasks = 16;
      method.adapt.inner.scope = scope;
      const auto digest = trained(method, options, alone);
      EXPECT_EQ(trained(method, options, group), digest) << to_text(outer.update) << ", " << to_text(scope);
      EXPECT_EQ(resumed(method, options), digest) << to_text(outer.update) << ", " << to_text(scope);
      digests.insert(digest);
    }
  EXPECT_EQ(digests.size(), 8u);
}

// A model that is too large for its microbatches to go together.
TEST_F(MethodsTest, EndInTheSameBitsOneByOne) {
  ModelOptions options;
  options.network.embedding = 256;
  options.network.tower = {8192};
  options.adapt.stages = {StageKind::kSteps};
  options.adapt.inner.scope = Scope::kDense;
  options.adapt.inner.steps = 1;
  ASSERT_EQ(microbatch_form(Learner(dataset.schema(), options, 1), dataset, options_of_test(), group),
            MicrobatchForm::kOneByOne);
  EXPECT_EQ(trained(options, options_of_test(), group), trained(options, options_of_test(), alone));
}

// Rows with fields of their own are no one else's.
TEST_F(MethodsTest, EndInTheSameBitsTogether) {
  auto tables = options_for_synthetic(folder.path() / "tables", folder.path() / "with_fields");
  tables.interactions.dense = {"time"};
  ingest(tables);
  const Dataset with_fields(tables.dataset, true);
  const ModelOptions options;
  ASSERT_EQ(microbatch_form(Learner(with_fields.schema(), options, 1), with_fields, options_of_test(), group),
            MicrobatchForm::kTogether);
  EXPECT_EQ(trained(options, options_of_test(), group, {}, with_fields),
            trained(options, options_of_test(), alone, {}, with_fields));
}

}  // namespace
}  // namespace warmstart
