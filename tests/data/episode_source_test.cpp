#include "data/episode_source.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

// The splits of all tasks of the data set that a few meta-steps draw from.
std::set<Split> splits_drawn(const Dataset& dataset) {
  const EpisodeOptions options = {.ways = 2, .shots = 1, .class_queries = 2};
  const auto source = make_episode_source(dataset, options, 1, 16, 4);
  std::set<Split> splits;
  for (const std::uint64_t step : {0, 1, 2, 3}) {
    for (const auto& part : source->meta_batch(step)) {
      for (const auto& episode : part) {
        const auto drawn = source->drawn(episode);
        splits.insert(dataset.split(drawn.task));
        for (const auto& of_class : drawn.classes) splits.insert(dataset.split(of_class.task));
      }
    }
  }
  return splits;
}

TEST(EpisodeSource, DrawsTrainingTasksAlone) {
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  EXPECT_EQ(splits_drawn(Dataset(folder.path() / "dataset", true)), std::set{Split::kTrain});
}

TEST(EpisodeSource, DrawsTrainingClassesAlone) {
  const TemporaryFolder folder;
  ingest_small_classes(folder.path());
  EXPECT_EQ(splits_drawn(Dataset(folder.path() / "dataset", true)), std::set{Split::kTrain});
}

}  // namespace
}  // namespace warmstart
