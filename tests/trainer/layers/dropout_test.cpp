#include "trainer/layers/dropout.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/random_batch.h"
#include "trainer/layers/rows.h"

namespace warmstart {
namespace {

constexpr std::uint64_t kSeed = 3, kStep = 5;

Dropout dropping(double key_share, const LostValues& values, std::uint64_t first_microbatch = 0) {
  return {kSeed, kStep, first_microbatch, 0.0, key_share, 0.0, values};
}

// Ids 0 to 9 are keys; the value 10 is never lost, 11 by a chance of .25, 12 always.
LostValues three_values() { return {10, at::tensor(std::vector<float>{0.0f, 0.25f, 1.0f})}; }

TEST(DropoutTest, LosesValuesByTheirChance) {
  const auto ids = at::tensor(std::vector<std::int64_t>{9, 10, 11, 12}).repeat({2000});
  const auto kept = dropping(1.0, three_values()).kept_values(ids, {0, 8000}).view({-1, 4}).mean(0);
  EXPECT_EQ(kept[0].item<float>(), 1.0f);
  EXPECT_EQ(kept[1].item<float>(), 1.0f);
  EXPECT_NEAR(kept[2].item<float>(), 0.75f, 0.05f);
  EXPECT_EQ(kept[3].item<float>(), 0.0f);
}

// So ranks that have some of a meta-step's microbatches lose what one rank would.
TEST(DropoutTest, LosesOfAMicrobatchTheSameValuesWhereverItStands) {
  const auto ids = at::full({300}, 11, at::kLong);
  const auto whole = dropping(1.0, three_values()).kept_values(ids, {0, 100, 300});
  const auto second = dropping(1.0, three_values(), 1).kept_values(ids.slice(0, 100), {0, 200});
  EXPECT_TRUE(at::equal(whole.slice(0, 100), second));
  EXPECT_FALSE(at::equal(whole.slice(0, 0, 100), second.slice(0, 0, 100)));
}

class DroppedRowsTest : public testing::Test {
 protected:
  static constexpr std::int64_t kFirstValue = 8;

  // Of all ids of the batch: those that rows still have.
  at::Tensor weights(double key_share, float chance) const {
    const auto dropout = dropping(key_share, {kFirstValue, at::full({kRowIds - kFirstValue}, chance)});
    return Rows(tensors, &dropout).fields().weights;
  }
  const EpisodeBatch batch = random_batch(false);
  const TensorBatch tensors = TensorBatch(batch, at::TensorOptions(at::kFloat));
  const at::Tensor before = Rows(tensors, nullptr).fields().weights;
};

TEST_F(DroppedRowsTest, KeepAllOfTheirValuesWithTheirKey) { EXPECT_TRUE(at::equal(weights(0.0, 1.0f), before)); }

TEST_F(DroppedRowsTest, LoseTheirKeyAloneWhereNoValueMayBeLost) {
  const auto is_value = at::tensor(batch.rows.ids).ge(kFirstValue);
  EXPECT_TRUE(at::equal(weights(1.0, 0.0f), before * is_value));
}

TEST_F(DroppedRowsTest, LoseEverythingWhereAllIsLost) {
  EXPECT_TRUE(before.gt(0.0).any().item<bool>());
  EXPECT_FALSE(weights(1.0, 1.0f).any().item<bool>());
}

}  // namespace
}  // namespace warmstart
