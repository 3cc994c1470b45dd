#include "checkpoints/checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

Checkpoint example(std::int64_t step) {
  return {step,
          {{"model", "test"}},
          {{"layer.weight", at::arange(6, at::kFloat).view({2, 3})}, {"empty", at::zeros({0, 4})}, {"scalar", at::full({}, 2.0f)}}};
}

TEST(Checkpoint, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  const auto path = write_checkpoint(folder.path(), example(100));
  EXPECT_EQ(path.filename(), "step-00000100");
  const auto checkpoint = read_checkpoint(path);
  EXPECT_EQ(checkpoint.step, 100);
  EXPECT_EQ(checkpoint.description["model"], "test");
  ASSERT_EQ(checkpoint.parameters.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(checkpoint.parameters[i].first, example(1).parameters[i].first);
    EXPECT_TRUE(at::equal(checkpoint.parameters[i].second, example(1).parameters[i].second));
  }
}

TEST(Checkpoint, ARunGivesItsNewestThatIsWhole) {
  const TemporaryFolder folder;
  write_checkpoint(folder.path(), example(9));
  const auto newest = write_checkpoint(folder.path(), example(10));
  EXPECT_EQ(read_checkpoint(folder.path()).step, 10);
  flip_byte(newest / "parameters.h5");
  EXPECT_EQ(read_checkpoint(folder.path()).step, 9);
  EXPECT_TRUE(fs::exists(newest));  // passed over, never deleted
}

TEST(Checkpoint, IsRefusedWhenDamagedInAnyWay) {
  const TemporaryFolder folder;
  const auto path = write_checkpoint(folder.path(), example(1));
  const auto manifest = read_json(path / "manifest.json");
  flip_byte(path / "parameters.h5");
  EXPECT_THROW(read_checkpoint(path), DataError);
  flip_byte(path / "parameters.h5");
  fs::resize_file(path / "manifest.json", 20);
  EXPECT_THROW(read_checkpoint(path), DataError);
  auto newer = manifest;
  newer["version"] = 99;
  write_file(path / "manifest.json", newer.dump());
  EXPECT_THROW(read_checkpoint(path), DataError);
  write_file(path / "manifest.json", manifest.dump());
  EXPECT_NO_THROW(read_checkpoint(path));
  EXPECT_THROW(read_checkpoint(folder.path() / "nothing"), DataError);
}

TEST(Checkpoint, ReplacesNothing) {
  const TemporaryFolder folder;
  write_checkpoint(folder.path(), example(1));
  EXPECT_THROW(write_checkpoint(folder.path(), example(1)), UsageError);
}

}  // namespace
}  // namespace warmstart
