#include "trainer/training/microbatch_stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "data/sampler.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

using Tasks = std::vector<std::vector<std::int64_t>>;  // of each microbatch

class MicrobatchStreamTest : public testing::Test {
 protected:
  MicrobatchStreamTest() {
    ingest_small_dataset(folder.path());
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    options.steps = 6;
    options.tasks = 16;
    options.microbatches = 4;
  }

  // What microbatches [first, first + count) of a meta-step hold.
  void expect(Tasks& tasks, std::uint64_t step, std::size_t first = 0, std::size_t count = 4) const {
    const Sampler sampler(*dataset, dataset->tasks_of(Split::kTrain), options.episode, options.seed, options.tasks, 4);
    const auto planned = sampler.meta_batch(step);
    for (auto part = first; part < first + count; ++part) {
      tasks.emplace_back();
      for (const auto& episode : planned[part]) tasks.back().push_back(episode.task);
    }
  }

  static Tasks rest_of(MicrobatchStream& stream) {
    Tasks tasks;
    try {
      while (true) tasks.push_back(stream.next().task);
    } catch (const std::out_of_range&) {
      return tasks;
    }
  }

  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  TrainOptions options;
};

TEST_F(MicrobatchStreamTest, GivesTheStepsInTheirOrder) {
  MicrobatchStream stream(*dataset, options, MicrobatchForm::kOneByOne, 0, 1);
  EXPECT_EQ(stream.steps(), 6);
  stream.start(3, {});
  Tasks expected;
  for (const std::uint64_t step : {3, 4, 5}) expect(expected, step);
  EXPECT_EQ(rest_of(stream), expected);
}

TEST_F(MicrobatchStreamTest, LeavesOutWhatIsSkipped) {
  MicrobatchStream stream(*dataset, options, MicrobatchForm::kOneByOne, 0, 1);
  stream.start(0, {0, 2, 3, 5});
  Tasks expected;
  for (const std::uint64_t step : {1, 4}) expect(expected, step);
  EXPECT_EQ(rest_of(stream), expected);
}

TEST_F(MicrobatchStreamTest, GoesBackWithWhatIsSkippedFromThenOn) {
  MicrobatchStream stream(*dataset, options, MicrobatchForm::kOneByOne, 0, 1);
  stream.start(4, {});
  stream.next();
  stream.start(3, {4});
  Tasks expected;
  for (const std::uint64_t step : {3, 5}) expect(expected, step);
  EXPECT_EQ(rest_of(stream), expected);
}

TEST_F(MicrobatchStreamTest, OfARankIsItsBlockOfEachStep) {
  MicrobatchStream stream(*dataset, options, MicrobatchForm::kOneByOne, 1, 2);
  EXPECT_EQ(stream.microbatches().first, 2);
  EXPECT_EQ(stream.microbatches().count, 2);
  stream.start(4, {});
  Tasks expected;
  for (const std::uint64_t step : {4, 5}) expect(expected, step, 2, 2);
  EXPECT_EQ(rest_of(stream), expected);
}

TEST_F(MicrobatchStreamTest, TogetherAllRanksAreAsWide) {
  MicrobatchStream first(*dataset, options, MicrobatchForm::kTogether, 0, 2),
      second(*dataset, options, MicrobatchForm::kSharedRows, 1, 2);
  EXPECT_EQ(first.batches(), 1);
  first.start(0, {});
  second.start(0, {});
  for (std::uint64_t step = 0; step < 6; ++step) {
    const auto a = first.next(), b = second.next();
    Tasks expected;
    expect(expected, step);
    expected[0].insert(expected[0].end(), expected[1].begin(), expected[1].end());
    expected[2].insert(expected[2].end(), expected[3].begin(), expected[3].end());
    EXPECT_EQ(a.task, expected[0]);
    EXPECT_EQ(b.task, expected[2]);
    EXPECT_EQ(a.microbatches(), 2);
    EXPECT_EQ(a.support.width, b.support.width);
    EXPECT_EQ(a.query.width, b.query.width);
    EXPECT_GT(a.rows.count, 0);
    EXPECT_EQ(b.rows.count, 0);
  }
}

}  // namespace
}  // namespace warmstart
