#include "data/sampler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/errors.h"
#include "data/batch.h"
#include "data/ingest.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class SamplerTest : public testing::Test {
 protected:
  SamplerTest() {
    ingest_small_dataset(folder.path());
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
  }
  Sampler sampler(int microbatches = 4, std::uint64_t seed = 3) const {
    return {*dataset, dataset->tasks_of(Split::kTrain), options, seed, 16, microbatches};
  }
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  EpisodeOptions options;
};

std::set<std::uint64_t> positions(const std::vector<std::vector<Episode>>& parts) {
  std::set<std::uint64_t> positions;
  for (const auto& part : parts) {
    for (const auto& episode : part) positions.insert(episode.position);
  }
  return positions;
}

TEST_F(SamplerTest, AMetaBatchIsAFunctionOfSeedAndStep) {
  const auto a = sampler().meta_batch(5), b = sampler().meta_batch(5), other_seed = sampler(4, 4).meta_batch(5);
  bool differs = false;
  for (std::size_t part = 0; part < a.size(); ++part) {
    for (std::size_t i = 0; i < a[part].size(); ++i) {
      EXPECT_EQ(a[part][i].task, b[part][i].task);
      EXPECT_EQ(a[part][i].support_size, b[part][i].support_size);
      EXPECT_EQ(sampler().rows(a[part][i]).query, sampler().rows(b[part][i]).query);
      differs |= a[part][i].task != other_seed[part][i].task;
    }
  }
  EXPECT_TRUE(differs);
}

TEST_F(SamplerTest, TheTasksOfAStepDoNotDependOnTheMicrobatches) {
  EXPECT_EQ(positions(sampler(1).meta_batch(2)), positions(sampler(8).meta_batch(2)));
}

TEST_F(SamplerTest, EachTaskIsDrawnInProportionToItsRowsOncePerEpoch) {
  options.rows_per_episode = 10;
  const auto s = sampler();
  std::map<std::int64_t, std::int64_t> drawn;
  for (std::uint64_t step = 0; step * 16 < s.epoch_episodes(); ++step) {
    for (const auto& part : s.meta_batch(step)) {
      for (const auto& episode : part) {
        if (episode.position < s.epoch_episodes()) ++drawn[episode.task];
      }
    }
  }
  for (const auto task : dataset->tasks_of(Split::kTrain)) EXPECT_EQ(drawn[task], (dataset->row_count(task) + 9) / 10);
}

TEST_F(SamplerTest, SupportAndQueryAreDisjointAndAsLargeAsAnnounced) {
  for (const auto order : {RowOrder::kShuffle, RowOrder::kTime}) {
    options.order = order;
    const auto s = sampler();
    for (std::uint64_t step = 0; step < 20; ++step) {
      for (const auto& part : s.meta_batch(step)) {
        for (const auto& episode : part) {
          const auto rows = s.rows(episode);
          EXPECT_EQ(rows.support.size(), episode.support_size);
          EXPECT_EQ(rows.query.size(), episode.query_size);
          EXPECT_GE(rows.query.size(), 1u);
          std::set<std::uint32_t> all(rows.support.begin(), rows.support.end());
          all.insert(rows.query.begin(), rows.query.end());
          EXPECT_EQ(all.size(), rows.support.size() + rows.query.size());
          EXPECT_LT(*all.rbegin(), dataset->row_count(episode.task));
        }
      }
    }
  }
}

TEST_F(SamplerTest, ByTimeTheSupportIsWhatCameFirst) {
  options.order = RowOrder::kTime;
  const auto s = sampler();
  for (const auto& part : s.meta_batch(1)) {
    for (const auto& episode : part) {
      const auto rows = s.rows(episode);
      for (std::uint32_t i = 0; i < rows.support.size(); ++i) EXPECT_EQ(rows.support[i], i);
      for (const auto row : rows.query) EXPECT_GE(row, episode.support_size);
    }
  }
}

TEST_F(SamplerTest, CommonSupportSizesAreSharedByAllTasksOfAStep) {
  options.support_common = {2};
  options.support_common_share = 1.0;
  for (const auto& part : sampler().meta_batch(0)) {
    for (const auto& episode : part) EXPECT_EQ(episode.support_size, 2u);
  }
}

TEST_F(SamplerTest, EmptySupportsOccur) {
  int empty = 0;
  for (std::uint64_t step = 0; step < 50; ++step) {
    for (const auto& part : sampler().meta_batch(step)) {
      for (const auto& episode : part) empty += episode.support_size == 0;
    }
  }
  EXPECT_GT(empty, 0);
}

TEST_F(SamplerTest, SimilarLengthsShareAMicrobatchSoThatLittleIsPadded) {
  // 64 tasks of very different lengths; padding of one batch of all would be about half.
  options.support_common_share = 0.0;
  const Sampler s(*dataset, dataset->tasks_of(Split::kTrain), options, 3, 64, 8);
  double padded = 0.0;
  constexpr int kSteps = 10;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    for (const auto& part : s.meta_batch(step)) {
      std::vector<TaskEpisode> episodes;
      episodes.reserve(part.size());
      for (const auto& episode : part) episodes.push_back({episode.task, s.rows(episode)});
      padded += make_batch(*dataset, episodes).padded_share() / 8 / kSteps;
    }
  }
  EXPECT_LT(padded, 0.25);
}

TEST_F(SamplerTest, AlignedBlocksOfMicrobatchesAreAboutTheSameWork) {
  options.support_common_share = 0.0;
  const Sampler s(*dataset, dataset->tasks_of(Split::kTrain), options, 3, 64, 8);
  double first = 0, second = 0;
  for (std::uint64_t step = 0; step < 20; ++step) {
    const auto parts = s.meta_batch(step);
    for (std::size_t part = 0; part < 8; ++part) {
      for (const auto& episode : parts[part]) (part < 4 ? first : second) += episode.support_size + episode.query_size;
    }
  }
  EXPECT_NEAR(first / second, 1.0, 0.1);
}

TEST(EvaluationRows, ByTimeTheLastRowsJudgeAndTheFirstAdapt) {
  const auto rows = evaluation_rows(0, 12, 3, 4, RowOrder::kTime, 0);
  EXPECT_EQ(rows.support, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(rows.query, (std::vector<std::uint32_t>{8, 9, 10, 11}));
  EXPECT_EQ(evaluation_rows(0, 12, 99, 4, RowOrder::kTime, 0).support.size(), 8u);
}

TEST_F(SamplerTest, SortedSupportsAreTheShuffledOnesInTimeOrder) {
  auto sorted = options;
  sorted.order = RowOrder::kSorted;
  const auto of = [&](const EpisodeOptions& options) {
    return Sampler(*dataset, dataset->tasks_of(Split::kTrain), options, 3, 16, 4);
  };
  const auto shuffled = of(options), by_time = of(sorted);
  int moved = 0;
  for (const auto& part : shuffled.meta_batch(1)) {
    for (const auto& episode : part) {
      auto expected = shuffled.rows(episode);
      moved += std::is_sorted(expected.support.begin(), expected.support.end()) ? 0 : 1;
      std::sort(expected.support.begin(), expected.support.end());
      EXPECT_EQ(by_time.rows(episode).support, expected.support);
      EXPECT_EQ(by_time.rows(episode).query, expected.query);
    }
  }
  EXPECT_GT(moved, 0);
}

TEST(EvaluationRows, SortedSupportsAreTheShuffledOnesInTimeOrder) {
  auto expected = evaluation_rows(5, 30, 9, 10, RowOrder::kShuffle, 1);
  std::sort(expected.support.begin(), expected.support.end());
  const auto found = evaluation_rows(5, 30, 9, 10, RowOrder::kSorted, 1);
  EXPECT_EQ(found.support, expected.support);
  EXPECT_EQ(found.query, expected.query);
}

TEST(EvaluationRows, ShuffledSupportsOfGrowingSizeAreNested) {
  const auto small = evaluation_rows(5, 30, 3, 10, RowOrder::kShuffle, 1),
             large = evaluation_rows(5, 30, 9, 10, RowOrder::kShuffle, 1);
  EXPECT_EQ(small.query, large.query);
  EXPECT_TRUE(std::equal(small.support.begin(), small.support.end(), large.support.begin()));
}

TEST_F(SamplerTest, NegativesAreOfEntitiesThatTheTaskHasNoRowOf) {
  options.negatives = 3;
  const auto source = sampler();
  for (const auto& part : source.meta_batch(2)) {
    for (const auto& episode : part) {
      const auto rows = source.rows(episode);
      const auto entities = dataset->task(episode.task).rows.entity;
      const std::set<std::uint32_t> seen(entities.begin(), entities.end());
      ASSERT_EQ(rows.unseen.size(), 3 * rows.query.size());
      EXPECT_EQ(episode.query_size, 4 * rows.query.size());
      for (std::size_t i = 0; i < rows.unseen.size(); ++i) {
        EXPECT_FALSE(seen.contains(rows.unseen[i].entity));
        EXPECT_EQ(rows.unseen[i].row, rows.query[i / 3]);
      }
    }
  }
}

TEST_F(SamplerTest, NegativesDependOnTheSeedAndThePositionAndMoveNoOtherRow) {
  const auto plain = sampler();
  options.negatives = 2;
  const auto a = sampler(4), b = sampler(8), other_seed = sampler(4, 4);
  const auto entities_at = [](const Sampler& source, std::uint64_t position) {
    std::vector<std::uint32_t> entities;
    for (const auto& part : source.meta_batch(0)) {
      for (const auto& episode : part) {
        if (episode.position != position) continue;
        for (const auto& row : source.rows(episode).unseen) entities.push_back(row.entity);
      }
    }
    return entities;
  };
  EXPECT_EQ(entities_at(a, 5), entities_at(b, 5));
  EXPECT_NE(entities_at(a, 5), entities_at(a, 6));
  EXPECT_NE(entities_at(a, 5), entities_at(other_seed, 5));
  const auto parts = a.meta_batch(0);
  for (const auto& episode : parts[0]) {
    auto without = episode;
    without.query_size /= 3;
    EXPECT_EQ(a.rows(episode).query, plain.rows(without).query);
    EXPECT_EQ(a.rows(episode).support, plain.rows(without).support);
  }
}

TEST_F(SamplerTest, NegativesWantLabelsWithARoomForZero) {
  auto tables = options_for_synthetic(folder.path() / "tables", folder.path() / "from-one");
  tables.label_min = 1;
  tables.on_error = OnError::kSkip;
  ingest(tables);
  dataset = std::make_unique<Dataset>(tables.dataset, true);
  options.negatives = 1;
  EXPECT_THROW(sampler(), UsageError);
}

TEST_F(SamplerTest, ATaskWithRowsOfAllEntitiesHasNoNegatives) {
  TemporaryFolder tables;
  IngestOptions ingest_options;
  ingest_options.dataset = folder.path() / "full";
  ingest_options.interactions.files = {tables.write("rows.csv", "u,i,y\na,x,1\na,y,0\nb,x,1\nb,y,1\n").string()};
  ingest_options.user = "u";
  ingest_options.item = "i";
  ingest_options.label = "y";
  ingest_options.min_rows = 2;
  ingest_options.validation = ingest_options.test = "0";
  ingest(ingest_options);
  dataset = std::make_unique<Dataset>(ingest_options.dataset, true);
  EXPECT_NO_THROW(sampler());
  options.negatives = 1;
  EXPECT_THROW(sampler(), DataError);
}

}  // namespace
}  // namespace warmstart
