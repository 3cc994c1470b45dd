// Data sets of earlier releases are read by this one; see docs/compatibility.md.

#include <gtest/gtest.h>

#include "data/batch.h"
#include "data/dataset.h"

namespace warmstart {
namespace {

TEST(Formats, Dataset1IsRead) {
  const Dataset dataset(std::filesystem::path(WARMSTART_FORMATS) / "dataset-1", true);
  EXPECT_NO_THROW(dataset.verify());
  EXPECT_EQ(dataset.digest(), "8e3c427b3416774852b6d5abbc84327d");
  ASSERT_EQ(dataset.tasks(), 12);
  EXPECT_EQ(dataset.entities(), 6);
  EXPECT_EQ(dataset.entity_key(3), "i3");
  EXPECT_FALSE(dataset.split_time());
  EXPECT_DOUBLE_EQ(dataset.label_mean(), 2.300803037303867);
  const auto first = dataset.task(0);
  EXPECT_EQ(first.key(), "u10");
  EXPECT_EQ(dataset.split(0), Split::kValidation);
  EXPECT_EQ(std::vector<float>(first.rows.label.begin(), first.rows.label.end()),
            (std::vector<float>{4.5177f, 4.1221f, 2.6302f}));
  EXPECT_EQ(first.rows.time[0], 1628126327.0);
  EXPECT_EQ(dataset.vocabulary(dataset.schema().fields[2]), (std::vector<std::string>{"blue", "green", "red"}));
  std::size_t rows = 0;
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) rows += dataset.task(task).rows.label.size();
  EXPECT_EQ(rows, 52u);
}

// Each task's first rows are its query, the others its support.
EpisodeBatch all_rows_of(const Dataset& dataset) {
  std::vector<TaskEpisode> episodes;
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    TaskEpisode episode = {.task = task};
    for (std::uint32_t row = 0; row < dataset.row_count(task); ++row)
      (row < 2 ? episode.rows.query : episode.rows.support).push_back(row);
    episodes.push_back(episode);
  }
  return make_batch(dataset, episodes);
}

// Of one ingest's tables: dataset-2 is of the last release whose rows each held what is known of their user.
TEST(Formats, Dataset2IsToModelsWhatDataset3Is) {
  const Dataset rows(std::filesystem::path(WARMSTART_FORMATS) / "dataset-2", true),
      users(std::filesystem::path(WARMSTART_FORMATS) / "dataset-3", true);
  EXPECT_NO_THROW(rows.verify());
  EXPECT_NO_THROW(users.verify());
  EXPECT_FALSE(rows.has_users());
  ASSERT_EQ(users.users().count, 8u);
  EXPECT_EQ(users.user_key(6), "u6");
  EXPECT_EQ(difference(rows.schema(), users.schema()), "");
  EXPECT_EQ(difference(users.schema(), rows.schema()), "");
  const auto of_rows = all_rows_of(rows), of_users = all_rows_of(users);
  ASSERT_EQ(of_rows.rows.count, 35);
  EXPECT_EQ(of_users.rows.ids, of_rows.rows.ids);
  EXPECT_EQ(of_users.rows.offsets, of_rows.rows.offsets);
  EXPECT_EQ(of_users.rows.weights, of_rows.rows.weights);
  EXPECT_EQ(of_users.rows.dense, of_rows.rows.dense);
  EXPECT_EQ(of_users.key, of_rows.key);
  EXPECT_EQ(of_users.query.label, of_rows.query.label);
}

}  // namespace
}  // namespace warmstart
