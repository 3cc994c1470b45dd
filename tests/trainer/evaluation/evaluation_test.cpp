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

// Entities by their numbers, the highest first.
class ByNumber : public Recommender {
 public:
  Predictions predict(const EpisodeBatch& batch) const override {
    auto scores = at::zeros({batch.tasks, batch.query.width}, at::kFloat);
    for (std::size_t row = 0; row < batch.query.place.size(); ++row)
      scores.mutable_data_ptr<float>()[row] =
          static_cast<float>(batch.entity[static_cast<std::size_t>(batch.query.place[row])]);
    return {scores};
  }
};

TEST(Evaluation, RanksQueryRowsAmongAllEntitiesOnAnyNumberOfRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const Evaluation evaluation(
      dataset, Split::kTrain,
      {.support = {"0", "all"}, .query = 3, .candidates = {Candidates::Kind::kAll}, .relevant = 3.0}, group);
  const auto results = evaluation.run(ByNumber());
  const auto entities = evaluation.query_entities();
  const auto tasks = dataset.tasks_of(Split::kTrain);
  ASSERT_EQ(results[0].ranked->places.size(), entities.size());
  for (std::size_t task = 0, place = 0; task < tasks.size(); ++task) {
    const auto rows = dataset.task(tasks[task]).rows;
    for (std::size_t row = 0; row < 3; ++row, ++place) {
      // Whatever the support, rows of the task that are not asked for are no candidates.
      std::set<std::uint32_t> before;
      for (auto entity = entities[place] + 1; entity < dataset.entities(); ++entity) before.insert(entity);
      for (std::size_t other = 0; other + 3 < rows.entity.size(); ++other) before.erase(rows.entity[other]);
      EXPECT_EQ(results[0].ranked->places[place], static_cast<std::int64_t>(before.size()));
      EXPECT_EQ(results[1].ranked->places[place], static_cast<std::int64_t>(before.size()));
      EXPECT_EQ(results[0].ranked->labels[place], rows.label[rows.entity.size() - 3 + row]);
    }
  }
  EXPECT_EQ(results[0].ranked->listed, 10u);
}

TEST(Evaluation, JudgesQueryRowsAmongDrawnEntities) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  EvaluationOptions options = {.query = 3, .candidates = {Candidates::Kind::kSampled, 5}, .relevant = 3.0};
  options.measures = {{MeasureKind::kRecall, 3}};
  const Evaluation evaluation(dataset, Split::kTrain, options, group);
  const auto results = evaluation.run(ByNumber());
  ASSERT_EQ(results[0].rows.query, 8u);
  for (std::size_t task = 0; task < results[0].rows.tasks; ++task) {
    const auto labels = results[0].rows.labels_of(task), scores = results[0].rows.ordering_of(task);
    const auto entities = dataset.task(dataset.tasks_of(Split::kTrain)[task]).rows.entity;
    const std::set<float> seen(entities.begin(), entities.end());
    for (std::size_t row = 3; row < 8; ++row) {
      EXPECT_EQ(labels[row], results[0].scale.of_unseen());
      EXPECT_FALSE(seen.contains(scores[row]));
    }
    EXPECT_EQ(std::set<float>(scores.begin() + 3, scores.end()).size(), 5u);
  }
  options.seed = 1;
  EXPECT_NE(Evaluation(dataset, Split::kTrain, options, group).run(ByNumber())[0].rows.scores, results[0].rows.scores);
  options.candidates.count = 1000;
  EXPECT_THROW(Evaluation(dataset, Split::kTrain, options, group), DataError);
}

}  // namespace
}  // namespace warmstart
