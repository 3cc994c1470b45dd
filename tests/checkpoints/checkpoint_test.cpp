#include "checkpoints/checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "checkpoints/checkpoint_writer.h"
#include "cluster/agreement.h"
#include "cluster/self_communicator.h"
#include "tests/support/example_checkpoint.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
 protected:
  fs::path write(std::int64_t step) {
    write_checkpoint(folder.path(), example_checkpoint(step), alone);
    return checkpoint_folder(folder.path(), step);
  }
  std::size_t folders() const { return checkpoints_of(folder.path()).size(); }

  SelfCommunicator alone;
  TemporaryFolder folder;
};

TEST_F(CheckpointTest, ReadsBackWhatWasWritten) {
  const auto path = write(100);
  EXPECT_EQ(path.filename(), "step-00000100");
  const auto checkpoint = read_checkpoint(path);
  EXPECT_EQ(checkpoint.step, 100);
  EXPECT_EQ(checkpoint.description["model"], "test");
  EXPECT_EQ(checkpoint.validation_error, 0.25);
  const auto parameters = checkpoint.named();
  ASSERT_EQ(parameters.size(), 3u);
  EXPECT_EQ(parameters[0].first, "layer.weight");
  EXPECT_TRUE(parameters[0].second.equal(at::arange(6, at::kFloat).view({2, 3})));
  EXPECT_EQ(parameters[1].second.sizes(), at::IntArrayRef({0, 4}));
  EXPECT_EQ(parameters[2].second.item<float>(), 6.0f);
  EXPECT_TRUE(checkpoint.vectors.at("moment").equal(example_checkpoint(100).vectors.at("moment")));
}

// The test of what a reader does with any damage: passes over to the older one, and deletes nothing.
TEST_F(CheckpointTest, DamagedInAnyFileItIsPassedOver) {
  write(1);
  const auto path = write(2);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 2u);
  for (const auto& file : files) {
    const auto content = read_file(file);
    const auto step_read = [&] { return read_checkpoint(folder.path()).step; };
    const auto stride = std::max<std::size_t>(1, content.size() / 400);
    for (std::size_t place = 0; place < content.size(); place += stride) {
      auto flipped = content;
      flipped[place] = static_cast<char>(flipped[place] ^ (1 << place % 8));
      write_file(file, flipped);
      ASSERT_EQ(step_read(), 1) << file << ", byte " << place;
      write_file(file, content.substr(0, place));
      ASSERT_EQ(step_read(), 1) << file << ", truncated to " << place;
    }
    fs::remove(file);
    ASSERT_EQ(step_read(), 1) << file << " missing";
    EXPECT_EQ(folders(), 2u);
    write_file(file, content);
    ASSERT_EQ(step_read(), 2);
  }
}

TEST_F(CheckpointTest, OfANewerVersionIsRefused) {
  const auto path = write(1);
  auto manifest = read_json(path / kManifest);
  manifest["version"] = 99;
  write_file(path / kManifest, sealed(manifest));
  try {
    read_checkpoint(path);
    ADD_FAILURE() << "no error";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("made by a newer Warmstart (format version 99"), std::string::npos)
        << error.what();
  }
  EXPECT_THROW(read_checkpoint(folder.path() / "nothing"), DataError);
}

TEST_F(CheckpointTest, NotAcceptedIsPassedOverUnlessTheUserMustDecide) {
  write(1);
  write(2);
  const auto not_two = [](const Manifest& manifest) {
    if (manifest.step == 2) throw DataError("of another schema");
  };
  EXPECT_EQ(read_checkpoint(folder.path(), not_two).step, 1);
  EXPECT_THROW(read_checkpoint(folder.path(), [](const auto&) { throw UsageError("other options"); }), UsageError);
}

TEST_F(CheckpointTest, OfTheSameStepIsSetAside) {
  write(1);
  write(1);
  write(1);
  EXPECT_EQ(read_checkpoint(folder.path()).step, 1);
  EXPECT_EQ(read_checkpoint(folder.path() / "step-00000001.old").step, 1);
  EXPECT_EQ(read_checkpoint(folder.path() / "step-00000001.old2").step, 1);
  EXPECT_EQ(folders(), 1u);
}

TEST_F(CheckpointTest, NewestIsByNumber) {
  write(99999999);
  write(100000000);
  EXPECT_EQ(read_checkpoint(folder.path()).step, 100000000);
}

}  // namespace
}  // namespace warmstart
