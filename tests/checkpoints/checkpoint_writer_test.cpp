#include "checkpoints/checkpoint_writer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/files.h"
#include "cluster/agreement.h"
#include "cluster/mpi_communicator.h"
#include "tests/support/example_checkpoint.h"
#include "tests/support/run_program.h"
#include "tests/support/shared_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// One folder for all ranks.
class CheckpointWriterTest : public testing::Test {
 protected:
  CheckpointWriterTest() : group(MPI_COMM_WORLD), folder(group), run(folder.path()) {}

  WrittenCheckpoint write(CheckpointWriter& writer, const Checkpoint& checkpoint) {
    writer.begin(checkpoint);
    return *writer.wait();
  }
  std::vector<std::string> names() {
    group.barrier();
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(run)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    group.barrier();
    return names;
  }

  MpiCommunicator group;
  SharedFolder folder;
  fs::path run;
};

TEST_F(CheckpointWriterTest, EveryRankWritesASliceAndAllReadTheWhole) {
  CheckpointWriter writer(run, {}, group);
  EXPECT_EQ(write(writer, example_checkpoint(5)).failure, "");
  const auto manifest = read_manifest(checkpoint_folder(run, 5));
  EXPECT_EQ(manifest.slices.size(), static_cast<std::size_t>(group.size()));
  const auto checkpoint = read_checkpoint_on_all(run, group);
  EXPECT_EQ(checkpoint.step, 5);
  EXPECT_TRUE(checkpoint.vectors.at("parameters").equal(at::arange(7, at::kFloat)));
  EXPECT_TRUE(checkpoint.vectors.at("moment").equal(at::full({7}, 5.0f)));
}

TEST_F(CheckpointWriterTest, WhatChangesAfterTheCopyIsNotWritten) {
  CheckpointWriter writer(run, {}, group);
  auto checkpoint = example_checkpoint(1);
  writer.begin(checkpoint);
  checkpoint.vectors.at("parameters").fill_(-1.0f);
  std::optional<WrittenCheckpoint> written;
  while (!written) written = writer.poll();
  EXPECT_EQ(written->failure, "");
  EXPECT_TRUE(writer.idle());
  EXPECT_TRUE(read_checkpoint_on_all(run, group).vectors.at("parameters").equal(at::arange(7, at::kFloat)));
}

TEST_F(CheckpointWriterTest, KeepsTheLastTheBestAndEveryMth) {
  CheckpointWriter writer(run, {.last = 2, .every = 40}, group);
  for (const std::int64_t step : {10, 20, 30, 40, 50, 60, 70}) {
    auto checkpoint = example_checkpoint(step);
    checkpoint.validation_error = step == 20 ? 0.1 : 0.5;
    write(writer, checkpoint);
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"step-00000020", "step-00000040", "step-00000060", "step-00000070"}));
}

TEST_F(CheckpointWriterTest, TheBestHasTheLargestErrorWhereHigherIsBetter) {
  CheckpointWriter writer(run, {.last = 1, .higher_is_better = true}, group);
  for (const std::int64_t step : {1, 2, 3, 4}) {
    auto checkpoint = example_checkpoint(step);
    checkpoint.validation_error = step == 2 ? 0.9 : 0.5;
    if (step == 3) checkpoint.validation_error.reset();
    write(writer, checkpoint);
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"step-00000002", "step-00000004"}));
}

TEST_F(CheckpointWriterTest, NeitherCountsNorRemovesDamagedOnes) {
  CheckpointWriter writer(run, {.last = 1}, group);
  write(writer, example_checkpoint(1));
  if (group.rank() == 0) fs::resize_file(checkpoint_folder(run, 1) / kManifest, 30);
  group.barrier();
  for (const std::int64_t step : {2, 3}) {
    auto checkpoint = example_checkpoint(step);
    checkpoint.validation_error.reset();
    write(writer, checkpoint);
  }
  EXPECT_EQ(names(), (std::vector<std::string>{"step-00000001", "step-00000003"}));
}

TEST_F(CheckpointWriterTest, AFullDiskIsAFailureOfAllThatLeavesTheLastGoodOne) {
  const auto disk = run / "disk";
  if (group.rank() == 0) {
    fs::create_directory(disk);
    ASSERT_EQ(run_command("mount -t tmpfs -o size=800k tmpfs '" + disk.string() + "'").exit_code, 0)
        << "this test mounts a tmpfs: run it as root";
  }
  group.barrier();
  CheckpointWriter writer(disk, {}, group);
  EXPECT_EQ(write(writer, example_checkpoint(1)).failure, "");
  auto large = example_checkpoint(2);
  large.vectors = {{"parameters", at::zeros({400000})}};  // 1.6 MB: known beforehand
  EXPECT_NE(write(writer, large).failure.find("a checkpoint takes"), std::string::npos);
  EXPECT_EQ(read_checkpoint_on_all(disk, group).step, 1);
  // The disk fills while it is written.
  if (group.rank() == 0) run_command("head -c 700k /dev/zero > '" + (disk / "other").string() + "'");
  group.barrier();
  auto small = example_checkpoint(3);
  small.description["padding"] = std::string(200 << 10, 'x');
  EXPECT_NE(write(writer, small).failure, "");
  EXPECT_EQ(read_checkpoint_on_all(disk, group).step, 1);
  group.barrier();
  if (group.rank() == 0) {
    EXPECT_FALSE(fs::exists(disk / "step-00000003.tmp"));
    EXPECT_EQ(run_command("umount '" + disk.string() + "'").exit_code, 0);
  }
}

}  // namespace
}  // namespace warmstart
