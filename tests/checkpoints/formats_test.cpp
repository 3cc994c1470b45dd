// Checkpoints of earlier releases are read by this one; see docs/compatibility.md.

#include <gtest/gtest.h>

#include "base/digest.h"
#include "checkpoints/checkpoint.h"

namespace warmstart {
namespace {

TEST(Formats, Checkpoint2IsRead) {
  const auto checkpoint = read_checkpoint(std::filesystem::path(WARMSTART_FORMATS) / "run-2");
  EXPECT_EQ(checkpoint.step, 4);
  EXPECT_TRUE(checkpoint.state.finished);
  EXPECT_EQ(checkpoint.state.best_step, 2);
  EXPECT_DOUBLE_EQ(checkpoint.state.best_error, 0.34655600786209106);
  EXPECT_EQ(checkpoint.state.recent_losses.size(), 4u);
  EXPECT_EQ(checkpoint.description.at("ranks"), 1);
  // As the program that wrote it said at its end.
  const auto& best = checkpoint.vectors.at(kBestParameters);
  EXPECT_EQ(digest(best.const_data_ptr(), best.nbytes()), "ad73e0c0681ebdf24214989c72ba04b7");
  const auto parameters = checkpoint.named(kBestParameters);
  EXPECT_EQ(parameters.front().first, "inner.head.rate");
  EXPECT_EQ(parameters.front().second.sizes(), at::IntArrayRef({3, 3}));
}

}  // namespace
}  // namespace warmstart
