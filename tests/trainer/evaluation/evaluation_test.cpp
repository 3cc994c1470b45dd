#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/baselines/bias_model.h"
#include "trainer/evaluation/measurement.h"

namespace warmstart {
namespace {

TEST(Evaluation, GivesTheSameBitsOnAnyNumberOfRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  SelfCommunicator alone;
  const TemporaryFolder folder;  // each rank its own: the data are the same
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const BiasModel model(TrainingRows(dataset), dataset.schema());
  EvaluationOptions options;
  options.query = 4;
  options.relevant = dataset.label_mean();
  options.resamples = 50;
  const auto together = Evaluation(dataset, Split::kTrain, options, group).run(model);
  const auto expected = Evaluation(dataset, Split::kTrain, options, alone).run(model);
  ASSERT_EQ(together.size(), options.support.size());
  EXPECT_EQ(together[0].rows.tasks, dataset.tasks_of(Split::kTrain).size());
  const std::vector<Measure> measures = {
      {MeasureKind::kMae}, {MeasureKind::kNdcg, 3}, {MeasureKind::kAuc}, {MeasureKind::kRecall, 2}};
  const auto found = measurements(together, measures, options), wanted = measurements(expected, measures, options);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t m = 0; m < measures.size(); ++m) {
      EXPECT_EQ(found[i][m].value, wanted[i][m].value) << name_of(measures[m]);
      EXPECT_EQ(found[i][m].tasks, wanted[i][m].tasks);
      ASSERT_TRUE(found[i][m].interval && wanted[i][m].interval);
      EXPECT_EQ(found[i][m].interval->low, wanted[i][m].interval->low);
      EXPECT_EQ(found[i][m].interval->high, wanted[i][m].interval->high);
    }
  }
}

TEST(Evaluation, WantsTasksWithARowToAdaptToBesideTheQuery) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  std::int64_t longest = 0;
  for (const auto task : dataset.tasks_of(Split::kTest))
    longest = std::max<std::int64_t>(longest, dataset.row_count(task));
  EvaluationOptions options;
  options.query = longest;
  EXPECT_THROW(Evaluation(dataset, Split::kTest, options, group), DataError);
  options.query = longest - 1;
  EXPECT_GE(Evaluation(dataset, Split::kTest, options, group).tasks(), 1);
}

TEST(Evaluation, DrawsTasksOfClassesAnewForEachEpisode) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_classes(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const Evaluation evaluation(dataset, Split::kTrain, {.query = 2, .ways = 3, .episodes = 20}, group);
  EXPECT_EQ(evaluation.tasks(), 20);
  const auto entities = evaluation.query_entities();
  ASSERT_EQ(entities.size(), 120u);
  std::set<std::vector<std::uint32_t>> episodes;
  for (auto first = entities.begin(); first != entities.end(); first += 6) episodes.emplace(first, first + 6);
  EXPECT_EQ(episodes.size(), 20u);
}

}  // namespace
}  // namespace warmstart
