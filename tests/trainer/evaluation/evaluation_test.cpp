#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/errors.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "data/ingest.h"
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
  EXPECT_EQ(together[0].rows.tasks.tasks(), dataset.tasks_of(Split::kTrain).size());
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

TEST(Evaluation, TellsHowManyOfARanksTasksAreJudged) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const BiasModel model(TrainingRows(dataset), dataset.schema());
  EvaluationOptions options;
  options.query = 4;
  options.support = {"0", "3", "all"};
  const Evaluation evaluation(dataset, Split::kTrain, options, group);
  std::vector<std::int64_t> told = {0};
  std::int64_t all = 0;
  evaluation.run(model, [&](std::int64_t done, std::int64_t of) {
    EXPECT_GT(done, told.back());
    told.push_back(done);
    all = of;
  });
  EXPECT_EQ(told.back(), all);
  auto of_ranks = at::full({1}, all, at::kLong);
  group.sum(of_ranks);
  EXPECT_EQ(of_ranks.item<std::int64_t>(), 3 * evaluation.tasks());
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
  ASSERT_EQ(results[0].rows.tasks.rows_of(0), 8u);
  for (std::size_t task = 0; task < results[0].rows.tasks.tasks(); ++task) {
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

std::string refusal(const Dataset& dataset, const EvaluationOptions& options) {
  SelfCommunicator alone;
  try {
    const Evaluation evaluation(dataset, Split::kTest, options, alone);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// The time that a fifth of the test tasks' rows are from, or later.
double late_time(const Dataset& dataset) {
  std::vector<double> times;
  for (const auto task : dataset.tasks_of(Split::kTest)) {
    const auto rows = dataset.task(task).rows;
    times.insert(times.end(), rows.time.begin(), rows.time.end());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() * 4 / 5];
}

TEST(Evaluation, JudgesByRowsFromTheSplitTimeOn) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  auto options = ingest_small_dataset(folder.path());
  const auto time = late_time(Dataset(folder.path() / "dataset", true));
  options.dataset = folder.path() / "split";
  options.split_time = {"late", time};
  ingest(options);
  const Dataset dataset(folder.path() / "split", true);
  std::vector<std::uint32_t> expected;
  std::int64_t tasks = 0;
  for (const auto task : dataset.tasks_of(Split::kTest)) {
    const auto rows = dataset.task(task).rows;
    const auto late = std::count_if(rows.time.begin(), rows.time.end(), [&](double at) { return at >= time; });
    if (late < 4 || rows.time.size() < 5) continue;
    ++tasks;
    expected.insert(expected.end(), rows.entity.end() - 4, rows.entity.end());
  }
  ASSERT_GT(tasks, 0);
  ASSERT_LT(tasks, std::ssize(dataset.tasks_of(Split::kTest)));
  EvaluationOptions judged = {.query = 4};
  EXPECT_EQ(Evaluation(dataset, Split::kTest, judged, group).query_entities(), expected);
  judged.order = RowOrder::kSorted;
  EXPECT_NE(refusal(dataset, judged).find("evaluate.order = sorted has any rows judge"), std::string::npos);
  judged = {.query = 100};
  EXPECT_NE(refusal(dataset, judged).find("no test task has 100 rows from data.split-time = "), std::string::npos);
}

// The number of the entity of the support's last row, whatever is asked; 0 without support.
class ByLastOfSupport : public Recommender {
 public:
  Predictions predict(const EpisodeBatch& batch) const override {
    auto scores = at::zeros({batch.tasks, batch.query.width}, at::kFloat);
    for (std::int64_t task = 0; task < batch.tasks; ++task) {
      for (std::int64_t row = 0; row < batch.support.width; ++row) {
        const auto place = static_cast<std::size_t>(task * batch.support.width + row);
        if (batch.support.mask[place] > 0.0f)
          scores[task].fill_(static_cast<float>(batch.entity[static_cast<std::size_t>(batch.support.place[place])]));
      }
    }
    return {scores};
  }
};

// The entities of all rows of a split's tasks behind the first `support`, task by task.
std::vector<std::vector<std::uint32_t>> rests(const Dataset& dataset, Split split, std::size_t support) {
  std::vector<std::vector<std::uint32_t>> found;
  for (const auto task : dataset.tasks_of(split)) {
    const auto rows = dataset.task(task).rows.entity;
    if (rows.size() > support) found.emplace_back(rows.begin() + static_cast<std::ptrdiff_t>(support), rows.end());
  }
  return found;
}

std::vector<std::uint32_t> all_of(const std::vector<std::vector<std::uint32_t>>& parts) {
  std::vector<std::uint32_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(Evaluation, TheRestOfEachTaskJudgesAtEverySupportSize) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const Evaluation evaluation(dataset, Split::kTrain, {.support = {"5", "0", "2"}, .query = QuerySize::rest()}, group);
  const auto rest = rests(dataset, Split::kTrain, 5);
  EXPECT_EQ(evaluation.query(), std::nullopt);
  EXPECT_EQ(evaluation.tasks(), std::ssize(rest));
  EXPECT_EQ(evaluation.query_entities(), all_of(rest));
  const auto results = evaluation.run(ByNumber());
  double sum = 0.0;
  for (std::size_t task = 0; task < rest.size(); ++task) {
    const auto predicted = results[0].rows.predicted_of(task), labels = results[0].rows.labels_of(task);
    EXPECT_TRUE(std::equal(predicted.begin(), predicted.end(), rest[task].begin(), rest[task].end()));
    double of_task = 0.0;
    for (std::size_t row = 0; row < labels.size(); ++row)
      of_task += std::abs(static_cast<double>(predicted[row]) - static_cast<double>(labels[row]));
    sum += of_task / static_cast<double>(labels.size());
  }
  EXPECT_NEAR(value_of(results[0], {MeasureKind::kMae}), sum / static_cast<double>(rest.size()), 1e-12);
  EXPECT_EQ(results[1].rows.labels, results[0].rows.labels);
  EXPECT_EQ(results[2].rows.predicted, results[0].rows.predicted);
}

TEST(Evaluation, TheRestIsJudgedAmongOtherCandidates) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const auto rest = rests(dataset, Split::kTrain, 3);
  EvaluationOptions options = {.support = {"3"}, .query = QuerySize::rest(), .relevant = 3.0};
  options.candidates = {Candidates::Kind::kSampled, 2};
  const auto drawn = Evaluation(dataset, Split::kTrain, options, group).run(ByNumber());
  options.candidates = {Candidates::Kind::kAll};
  const auto ranked = Evaluation(dataset, Split::kTrain, options, group).run(ByNumber());
  for (std::size_t task = 0; task < rest.size(); ++task) {
    const auto labels = drawn[0].rows.labels_of(task);
    ASSERT_EQ(labels.size(), rest[task].size() + 2);
    EXPECT_NE(labels[rest[task].size() - 1], drawn[0].scale.of_unseen());
    EXPECT_EQ(labels.back(), drawn[0].scale.of_unseen());
    // Of the entities asked for, the one with the highest number comes before all others but unseen ones.
    const auto places = ranked[0].ranked->places_of(task);
    ASSERT_EQ(places.size(), rest[task].size());
    EXPECT_EQ(std::max_element(rest[task].begin(), rest[task].end()) - rest[task].begin(),
              std::min_element(places.begin(), places.end()) - places.begin());
  }
}

TEST(Evaluation, TheRestFromTheSplitTimeOnJudges) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  auto ingested = ingest_small_dataset(folder.path());
  const auto time = late_time(Dataset(folder.path() / "dataset", true));
  ingested.dataset = folder.path() / "split";
  ingested.split_time = {"late", time};
  ingest(ingested);
  const Dataset dataset(folder.path() / "split", true);
  std::vector<std::uint32_t> expected, last_before;
  for (const auto task : dataset.tasks_of(Split::kTest)) {
    const auto rows = dataset.task(task).rows;
    const auto early = std::count_if(rows.time.begin(), rows.time.end(), [&](double at) { return at < time; });
    const auto first = std::max<std::ptrdiff_t>(2, early);
    if (first >= std::ssize(rows.entity)) continue;
    expected.insert(expected.end(), rows.entity.begin() + first, rows.entity.end());
    last_before.push_back(rows.entity[static_cast<std::size_t>(first) - 1]);
  }
  const Evaluation evaluation(dataset, Split::kTest, {.support = {"2", "all"}, .query = QuerySize::rest()}, group);
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(evaluation.query_entities(), expected);
  const auto results = evaluation.run(ByLastOfSupport());
  for (std::size_t task = 0; task < last_before.size(); ++task)
    EXPECT_EQ(results[1].rows.predicted_of(task).front(), static_cast<float>(last_before[task]));
}

TEST(Evaluation, TheRestIsRefusedWhereThereIsNone) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  EXPECT_NE(refusal(dataset, {.support = {"1", "all"}, .query = QuerySize::rest()}).find("name numbers alone"),
            std::string::npos);
  EXPECT_NE(refusal(dataset, {.support = {"900"}, .query = QuerySize::rest()})
                .find("no test task has a row beside 900 support rows; lower evaluate.support"),
            std::string::npos);
  ingest_small_classes(folder.path() / "classes");
  const Dataset classes(folder.path() / "classes/dataset", true);
  EXPECT_NE(refusal(classes, {.support = {"1"}, .query = QuerySize::rest(), .ways = 2}).find("rows of each class"),
            std::string::npos);
}

// A data set, and a list of its rows of a validation task and two test tasks: three of each judge, six are its support.
class ListedEpisodesTest : public testing::Test {
 protected:
  ListedEpisodesTest() {
    ingest_small_dataset(folder.path());
    dataset.emplace(folder.path() / "dataset", true);
    const auto test = dataset->tasks_of(Split::kTest);
    tasks = {dataset->tasks_of(Split::kValidation)[0], test[1], test[0]};
    for (std::size_t place = 0; place < tasks.size(); ++place) add_task(place);
    write("task,entity,set\n" + list);
  }

  // The support in no order, and the query before it.
  void add_task(std::size_t place) {
    for (const std::size_t row : {5u, 0u, 2u}) add(place, row, "query");
    for (const std::size_t row : {7u, 1u, 8u, 3u, 6u, 4u}) add(place, row, "support");
  }
  void add(std::size_t place, std::size_t row, const std::string& set) {
    const auto entity = dataset->task(tasks[place]).rows.entity[row];
    (set == "query" ? query : support[place]).push_back(entity);
    list += line(place, row, set);
  }
  std::string line(std::size_t place, std::size_t row, const std::string& set) const {
    const auto task = dataset->task(tasks[place]);
    return task.key() + "," + dataset->entity_key(task.rows.entity[row]) + "," + set + "\n";
  }
  void write(const std::string& text) { options.episodes_from = folder.write("episodes.csv", text); }
  void expect_refusal(const std::string& text, const std::string& phrase) {
    write(text);
    EXPECT_NE(refusal(*dataset, options).find("episodes.csv" + phrase), std::string::npos)
        << phrase << "\n"
        << refusal(*dataset, options);
  }

  TemporaryFolder folder;
  std::optional<Dataset> dataset;
  std::vector<std::int64_t> tasks;
  std::string list;
  std::vector<std::uint32_t> query, support[3];
  EvaluationOptions options = {.support = {"0", "1", "4", "all"}};
};

TEST_F(ListedEpisodesTest, AreJudgedAsTheyAreListed) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const Evaluation evaluation(*dataset, Split::kTest, options, group);
  EXPECT_EQ(evaluation.tasks(), 3);
  EXPECT_EQ(evaluation.query(), 3);
  EXPECT_EQ(evaluation.query_entities(), query);
  const auto results = evaluation.run(ByLastOfSupport());
  const std::size_t last[] = {0, 0, 3, 5};
  for (std::size_t size = 0; size < results.size(); ++size) {
    for (std::size_t task = 0; task < 3; ++task) {
      const auto expected = size == 0 ? 0.0f : static_cast<float>(support[task][last[size]]);
      EXPECT_EQ(results[size].rows.predicted_of(task)[2], expected) << size << " " << task;
      EXPECT_EQ(results[size].rows.labels_of(task)[0], dataset->task(tasks[task]).rows.label[5]);
    }
  }
}

TEST_F(ListedEpisodesTest, AreNoMatterOfOrderOrOfOtherSplits) {
  MpiCommunicator group(MPI_COMM_WORLD);
  options.order = RowOrder::kShuffle;
  EXPECT_EQ(Evaluation(*dataset, Split::kTest, options, group).query_entities(), query);
  options.query = 4;
  const Evaluation validation(*dataset, Split::kValidation, options, group);
  EXPECT_EQ(validation.query(), 4);
  EXPECT_EQ(validation.tasks(), std::ssize(dataset->tasks_of(Split::kValidation)));
}

TEST_F(ListedEpisodesTest, AreJudgedAmongDrawnEntities) {
  MpiCommunicator group(MPI_COMM_WORLD);
  options.candidates = {Candidates::Kind::kSampled, 5};
  options.query = 1;  // which says nothing of the list
  options.relevant = 3.0;
  const auto results = Evaluation(*dataset, Split::kTest, options, group).run(ByNumber());
  ASSERT_EQ(results[0].rows.tasks.rows_of(0), 8u);
  for (std::size_t task = 0; task < 3; ++task) {
    const auto labels = results[0].rows.labels_of(task), scores = results[0].rows.ordering_of(task);
    EXPECT_EQ(labels[2], dataset->task(tasks[task]).rows.label[2]);
    const auto entities = dataset->task(tasks[task]).rows.entity;
    for (std::size_t row = 3; row < 8; ++row) {
      EXPECT_EQ(labels[row], results[0].scale.of_unseen());
      EXPECT_EQ(std::count(entities.begin(), entities.end(), static_cast<std::uint32_t>(scores[row])), 0);
    }
  }
}

TEST_F(ListedEpisodesTest, MayHaveDifferentNumbersOfQueryRows) {
  MpiCommunicator group(MPI_COMM_WORLD);
  write("task,entity,set\n" + line(0, 0, "query") + line(1, 3, "query") + line(1, 1, "query") + line(0, 2, "support"));
  const Evaluation evaluation(*dataset, Split::kTest, options, group);
  EXPECT_EQ(evaluation.query(), std::nullopt);
  const auto results = evaluation.run(ByNumber());
  EXPECT_EQ(results[0].rows.labels_of(0).size(), 1u);
  EXPECT_EQ(results[0].rows.labels_of(1).size(), 2u);
  EXPECT_EQ(results[0].rows.labels_of(1)[0], dataset->task(tasks[1]).rows.label[3]);
}

TEST_F(ListedEpisodesTest, OtherColumnsTabsAndMixedRowsAreRead) {
  MpiCommunicator group(MPI_COMM_WORLD);
  std::string text = "note\tset\tentity\ttask\n";
  // The rows of the tasks by turns, 9 of each.
  for (std::size_t row = 0; row < 9; ++row) {
    for (std::size_t place = 0; place < 3; ++place) {
      const auto entity = row < 3 ? query[3 * place + row] : support[place][row - 3];
      text += "x\t" + std::string(row < 3 ? "query" : "support") + "\t" + dataset->entity_key(entity) + "\t" +
              dataset->task(tasks[place]).key() + "\n";
    }
  }
  write(text);
  EXPECT_EQ(Evaluation(*dataset, Split::kTest, options, group).query_entities(), query);
}

TEST_F(ListedEpisodesTest, WhatTheDataSetOrTheListLacksIsRefusedByLine) {
  const std::string head = "task,entity,set\n";
  const auto key = dataset->task(tasks[0]).key();
  expect_refusal("task,entity\n" + key + ",i1\n", ": has no column 'set'");
  expect_refusal(head + list + "nobody,i1,query\n", ":29: the data set ");
  expect_refusal(head + list + key + ",nothing,support\n", ":29: the data set has no row of user '" + key);
  expect_refusal(head + list + line(1, 5, "support"), ":29: user '" + dataset->task(tasks[1]).key());
  EXPECT_NE(refusal(*dataset, options).find("stand on line 11, too"), std::string::npos) << refusal(*dataset, options);
  expect_refusal(head + list + line(0, 9, "test"), ":29: column 'set': 'test' is neither support nor query");
  expect_refusal(head + list + key + ",,query\n", ":29: column 'entity' is empty");
  expect_refusal(head + list + key + "\n", ":29: ");
  expect_refusal(head + line(0, 0, "support"), ":2: user '" + key + "' has no query row");
  tasks[0] = dataset->tasks_of(Split::kTrain)[0];
  expect_refusal(head + list + line(0, 0, "query"),
                 ":29: user '" + dataset->task(tasks[0]).key() + "' is a training task");
  options.episodes_from = folder.path() / "nowhere.csv";
  EXPECT_NE(refusal(*dataset, options).find("nowhere.csv: no such file"), std::string::npos);
}

TEST_F(ListedEpisodesTest, RowsThatAPairDoesNotTellApartAreRefused) {
  folder.write("rows.csv", "user,item,rating,time\nu1,i1,1,1\nu1,i1,2,2\nu1,i2,3,3\nu2,i1,1,1\nu2,i2,2,2\n");
  IngestOptions ingested;
  ingested.dataset = folder.path() / "repeated";
  ingested.interactions.files = {(folder.path() / "rows.csv").string()};
  ingested.user = "user", ingested.item = "item", ingested.label = "rating", ingested.time = "time";
  ingested.duplicates = Duplicates::kAll;
  ingested.min_rows = 2;
  ingested.validation = "0";
  ingested.test = folder.write("test.txt", "u1\n").string();
  ingest(ingested);
  dataset.emplace(ingested.dataset, true);
  expect_refusal("task,entity,set\nu1,i2,support\nu1,i1,query\n",
                 ":3: the data set has 2 rows of user 'u1' and item 'i1'");
}

TEST(Evaluation, ClassesAreNotListed) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_classes(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  EXPECT_NE(refusal(dataset, {.query = 2, .ways = 2, .episodes_from = "list.csv"}).find("tasks are drawn of classes"),
            std::string::npos);
}

}  // namespace
}  // namespace warmstart
