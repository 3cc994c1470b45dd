// Data sets of earlier releases are read by this one; see docs/compatibility.md.

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace warmstart
