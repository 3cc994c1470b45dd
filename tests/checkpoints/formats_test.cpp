// What earlier releases wrote is read by this one or refused in words; see docs/compatibility.md.

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/errors.h"
#include "checkpoints/checkpoint.h"

namespace warmstart {
namespace {

TEST(Formats, Checkpoint2IsRefusedInWords) {
  try {
    read_checkpoint(std::filesystem::path(WARMSTART_FORMATS) / "run-2");
    FAIL() << "read";
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("made by an older Warmstart (format version 2, this one reads 3 and 4); train again"),
              std::string::npos)
        << message;
  }
}

TEST(Formats, Checkpoint3IsRead) {
  const auto checkpoint = read_checkpoint(std::filesystem::path(WARMSTART_FORMATS) / "run-3");
  EXPECT_EQ(checkpoint.step, 4);
  EXPECT_TRUE(checkpoint.state.finished);
  EXPECT_EQ(checkpoint.state.best_step, 2);
  EXPECT_DOUBLE_EQ(checkpoint.state.best_error, 0.3465606967608134);
  EXPECT_EQ(checkpoint.state.recent_losses.size(), 4u);
  EXPECT_EQ(checkpoint.description.at("ranks"), 1);
  // As the program that wrote it said at its end.
  const auto& best = checkpoint.vectors.at(kBestParameters);
  EXPECT_EQ(digest(best.const_data_ptr(), best.nbytes()), "901d8ad7c185e9381af6e1f7d1cac5a7");
  const auto parameters = checkpoint.named(kBestParameters);
  EXPECT_EQ(parameters.front().first, "embedding");
  EXPECT_EQ(parameters.front().second.sizes(), at::IntArrayRef({17, 2}));
}

}  // namespace
}  // namespace warmstart
