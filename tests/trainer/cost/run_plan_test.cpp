// What a plan says of bytes between ranks, held against the bytes that travel.

#include "trainer/cost/run_plan.h"

#include <gtest/gtest.h>

#include "base/hdf5.h"
#include "cluster/mpi_communicator.h"
#include "data/ingest.h"
#include "tests/support/shared_folder.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/training/training.h"

namespace warmstart {
namespace {

class RunPlanTest : public testing::Test {
 protected:
  RunPlanTest() : group(MPI_COMM_WORLD) {
    synthesize({.folder = folder.path() / "tables", .users = 400, .items = 3000, .rows_per_user = 40});
    ingest(options_for_synthetic(folder.path() / "tables", folder.path() / "dataset"));
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", false);
    options.steps = options.log_every = 12;
    options.tasks = 64;
    options.keep_best = false;
    options.validation.query = 4;
    options.validation.support = {"0"};
    model_options.network.embedding = 8;
    model_options.network.tower = {8};
    model_options.network.features = 4;
  }

  // Bytes that a rank has sent in a meta-step, mean over the ranks and steps.
  StepBytes measured(std::int64_t replicated_rows) {
    Learner model(dataset->schema(), model_options, 1, make_network,
                  TableHome{replicated_rows, group.rank(), group.size()});
    StepBytes bytes;
    TrainObserver observer;
    observer.progress = [&](const TrainProgress& progress) { bytes = progress.bytes; };
    train(model, *dataset, options, group, observer);
    return bytes;
  }

  StepBytes planned(std::int64_t replicated_rows) {
    options.tables.placement.replicated_rows = replicated_rows;
    return expected_bytes(RunPlan(*dataset, model_options, options, {}, true).shape(group.size()));
  }

  void expect_as_planned(std::int64_t replicated_rows) {
    const auto found = measured(replicated_rows), expected = planned(replicated_rows);
    EXPECT_NEAR(found.reduced, expected.reduced, 0.05 * expected.reduced);
    EXPECT_NEAR(found.exchanged, expected.exchanged, 0.05 * expected.exchanged);
    EXPECT_NEAR(found.encodings, expected.encodings, 0.05 * expected.encodings);
    EXPECT_GE(found.exchanged_most, found.exchanged);
    if (group.size() == 1) return;
    EXPECT_GT(found.reduced, 0.0);
    EXPECT_EQ(found.exchanged > 0.0, replicated_rows == 0);
  }

  MpiCommunicator group;
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  TrainOptions options;
  ModelOptions model_options;
};

TEST_F(RunPlanTest, BytesAreAsPlannedWhereRanksShareTheEncodingOfRows) {
  expect_as_planned(0);
  EXPECT_GT(group.size() == 1 ? 1.0 : planned(0).encodings, 0.0);
}

TEST_F(RunPlanTest, BytesAreAsPlannedWhereLayersAdapt) {
  model_options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  model_options.adapt.inner.scope = Scope::kDense;
  expect_as_planned(0);
  EXPECT_EQ(planned(0).encodings, 0.0);
}

TEST_F(RunPlanTest, BytesAreAsPlannedWithNegativesAndReplicatedTables) {
  options.episode.negatives = 2;
  expect_as_planned(0);
  expect_as_planned(1 << 20);
}

// As arrays have them: what HDF5 adds is left out.
double bytes_in(const std::filesystem::path& folder, const Manifest& manifest) {
  double bytes = 4.0 * static_cast<double>(manifest.vectors.size()) * static_cast<double>(manifest.count);
  for (std::int64_t shard = 0; shard < kVirtualShards; ++shard) {
    const Hdf5Mapping file(folder / table_file_name(shard));
    for (const auto& table : manifest.tables)
      for (const auto& array : table.arrays) {
        const auto name = table.name + "/" + array.name;
        bytes += static_cast<double>(array.width == 0 ? file.array<std::int64_t>(name).size_bytes()
                                                      : file.array<float>(name).size_bytes());
      }
  }
  return bytes;
}

double changed_rows_in(const std::filesystem::path& folder, const std::string& table) {
  double rows = 0.0;
  for (std::int64_t shard = 0; shard < kVirtualShards; ++shard)
    rows +=
        static_cast<double>(Hdf5Mapping(folder / table_file_name(shard)).array<std::int64_t>(table + "/place").size());
  return rows;
}

TEST_F(RunPlanTest, DeltasHaveAsManyRowsAndBytesAsPlanned) {
  const SharedFolder shared(group);
  options.tasks = 8;
  options.steps = 12;
  options.tables.placement.replicated_rows = 0;
  options.save.run = shared.path();
  options.save.every_steps = 1;
  options.save.full_every = options.save.retention.last = 100;
  measured(0);
  const RunPlan plan(*dataset, model_options, options, {}, true);
  std::int64_t deltas = 0;
  for (const auto& folder : checkpoints_of(shared.path())) {
    const auto manifest = read_manifest(folder);
    if (!manifest.base) continue;
    ++deltas;
    const auto expected = plan.delta(manifest.step - manifest.base->step);
    const auto rows = changed_rows_in(folder, "embedding"), keys = changed_rows_in(folder, "key_bias");
    EXPECT_LT(rows, 2500);  // of which there are 3000
    EXPECT_NEAR(expected.rows.rows, rows, 0.1 * rows);
    EXPECT_NEAR(expected.rows.keys, keys, 0.1 * keys);
    EXPECT_NEAR(expected.bytes, bytes_in(folder, manifest), 0.1 * expected.bytes);
  }
  EXPECT_GT(deltas, 0);
}

}  // namespace
}  // namespace warmstart
