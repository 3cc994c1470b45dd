#include "data/class_sampler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "base/errors.h"
#include "data/batch.h"
#include "data/ingest.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class ClassSamplerTest : public testing::Test {
 protected:
  ClassSamplerTest() {
    ingest_small_classes(folder.path());
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    options.ways = 3;
    options.shots = 2;
    options.class_queries = 4;
  }
  ClassSampler sampler(int microbatches = 4, std::uint64_t seed = 3) const {
    return {*dataset, dataset->tasks_of(Split::kTrain), options, seed, 8, microbatches};
  }

  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  EpisodeOptions options;
};

TEST_F(ClassSamplerTest, ClassesAreTheTasksOfTheDataSet) {
  EXPECT_EQ(dataset->tasks(), 12);
  EXPECT_EQ(dataset->schema().task, "class");
  EXPECT_EQ(dataset->schema().label, "letter");
  EXPECT_EQ(dataset->schema().fields.front().vocabulary_size, 0);  // examples are known by their fields alone
}

TEST_F(ClassSamplerTest, AnEpisodeHasItsWaysShotsAndQueries) {
  std::set<std::vector<std::int64_t>> choices;
  for (const auto& part : sampler().meta_batch(5)) {
    for (const auto& planned : part) {
      const auto episode = sampler().drawn(planned);
      std::set<std::int64_t> classes;
      for (const auto& [task, rows] : episode.classes) {
        classes.insert(task);
        EXPECT_EQ(dataset->split(task), Split::kTrain);
        EXPECT_EQ(rows.support.size(), 2u);
        EXPECT_EQ(rows.query.size(), 4u);
        std::set<std::uint32_t> distinct(rows.support.begin(), rows.support.end());
        distinct.insert(rows.query.begin(), rows.query.end());
        EXPECT_EQ(distinct.size(), 6u);
      }
      EXPECT_EQ(classes.size(), 3u);
      choices.insert({episode.classes[0].task, episode.classes[1].task, episode.classes[2].task});
    }
  }
  EXPECT_GT(choices.size(), 4u);  // of eight episodes: other classes, and under other numbers
}

TEST_F(ClassSamplerTest, AnEpisodeIsAFunctionOfSeedAndPosition) {
  const auto tasks_of = [](const ClassSampler& sampler, int part, std::size_t i) {
    std::vector<std::int64_t> tasks;
    for (const auto& [task, rows] : sampler.drawn(sampler.meta_batch(2)[static_cast<std::size_t>(part)][i]).classes) {
      tasks.push_back(task);
      for (const auto row : rows.query) tasks.push_back(row);
    }
    return tasks;
  };
  EXPECT_EQ(tasks_of(sampler(4), 1, 1), tasks_of(sampler(1), 0, 3));
  EXPECT_NE(tasks_of(sampler(4), 1, 1), tasks_of(sampler(4, 4), 1, 1));
}

TEST_F(ClassSamplerTest, MetaStepsDrawOneEpisodeAfterTheOtherOfOneSequence) {
  std::vector<std::uint64_t> positions;
  for (const std::uint64_t step : {0, 1, 2})
    for (const auto& part : sampler().meta_batch(step))
      for (const auto& episode : part) {
        EXPECT_EQ(episode.support_size, 6u);
        EXPECT_EQ(episode.query_size, 12u);
        positions.push_back(episode.position);
      }
  std::vector<std::uint64_t> expected(24);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(positions, expected);
  // 80 rows of training classes, 18 in an episode.
  EXPECT_EQ(sampler().epoch_episodes(), 5u);
}

// So that errors at different supports are those of the same questions.
TEST_F(ClassSamplerTest, MoreShotsKeepTheQueryAndTheRowsThatFewerHave) {
  const auto classes = dataset->tasks_of(Split::kTrain);
  const auto with_shots = [&](std::int64_t shots) { return class_episode(*dataset, classes, {3, shots, 4}, 1, 2); };
  const auto all = with_shots(100);
  for (const auto shots : {0, 1, 3, 6}) {
    const auto fewer = with_shots(shots);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(fewer.classes[i].task, all.classes[i].task);
      EXPECT_EQ(fewer.classes[i].rows.query, all.classes[i].rows.query);
      const auto& most = all.classes[i].rows.support;
      ASSERT_EQ(most.size(), 6u);  // all of the ten rows but the query's
      EXPECT_EQ(fewer.classes[i].rows.support, std::vector<std::uint32_t>(most.begin(), most.begin() + shots));
    }
  }
}

TEST_F(ClassSamplerTest, LabelsInABatchAreTheClassesPlaces) {
  const auto episode = sampler().drawn(sampler().meta_batch(0)[0][0]);
  const auto batch = make_batch(*dataset, {episode});
  EXPECT_EQ(batch.support.label, (std::vector<float>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(batch.query.label, (std::vector<float>{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}));
  for (std::size_t i = 0; i < batch.query.place.size(); ++i) {
    const auto entity = batch.entity[static_cast<std::size_t>(batch.query.place[i])];
    const auto task = episode.classes[static_cast<std::size_t>(batch.query.label[i])].task;
    // "d-7" is an example of "d".
    EXPECT_EQ(dataset->entity_key(entity).front(), dataset->task(task).key().front());
  }
}

TEST_F(ClassSamplerTest, RefusesMoreWaysThanClassesOrMoreShotsThanRows) {
  const auto refusal = [&]() -> std::string {
    try {
      sampler();
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  options.ways = 9;
  EXPECT_NE(refusal().find("an episode of 9 classes takes 6 rows of each, and 8 of the 8 classes"), std::string::npos)
      << refusal();
  options.ways = 3;
  options.shots = 10;
  EXPECT_NE(refusal().find("takes 14 rows of each, and 0 of the 8 classes"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace warmstart
