#include "app/progress_line.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

TEST(ProgressLine, FitsEveryWidth) {
  TrainProgress progress = {};
  progress.step = 12345;
  progress.steps = 20000;
  progress.loss = 0.71234;
  progress.tasks_per_second = 3290;
  progress.seconds_left = 4000;
  EXPECT_EQ(progress_line(progress, "validation MAE 0.7000", 200),
            "step 12345/20000  loss 0.7123  3290 tasks/s  1:06:40 left  validation MAE 0.7000");
  EXPECT_EQ(progress_line(progress, "validation MAE 0.7000", 59),
            "step 12345/20000  loss 0.7123  3290 tasks/s  1:06:40 left");
  EXPECT_EQ(progress_line(progress, "validation MAE 0.7000", 50), "step 12345/20000  loss 0.7123  1:06:40 left");
  for (std::size_t columns = 1; columns < 100; ++columns) {
    const auto line = progress_line(progress, "validation MAE 0.7000", columns);
    EXPECT_LE(line.size(), columns);
    EXPECT_EQ(line.substr(0, 4), std::string("step").substr(0, columns));
  }
}

TEST(ProgressLine, SaysHowMuchIsDone) {
  EXPECT_EQ(progress_line("memories", 500, 2000, 10.0, 80), "memories 500/2000  50/s  0:30 left");
  EXPECT_EQ(progress_line("memories", 500, 2000, 10.0, 30), "memories 500/2000  0:30 left");
  EXPECT_EQ(progress_line("memories", 0, 2000, 10.0, 80), "memories 0/2000");
  for (std::size_t columns = 1; columns < 40; ++columns)
    EXPECT_LE(progress_line("memories", 500, 2000, 10.0, columns).size(), columns);
}

TEST(ProgressLine, SaysHowFarAnIngestIs) {
  const IngestStatus reading = {"read", 250, 1000, 70000};
  EXPECT_EQ(progress_line(reading, 10.0, 80), "read 70000 rows  7000 rows/s  0:30 left");
  EXPECT_EQ(progress_line(reading, 10.0, 35), "read 70000 rows  7000 rows/s");
  EXPECT_EQ(progress_line({"read", 0, 1000, 0}, 0.0, 80), "read 0 rows");
  EXPECT_EQ(progress_line({"written", 2, 8, 0}, 10.0, 80), "written shards 2/8  0/s  0:30 left");
  for (std::size_t columns = 1; columns < 50; ++columns)
    EXPECT_LE(progress_line(reading, 10.0, columns).size(), columns);
}

}  // namespace
}  // namespace warmstart
