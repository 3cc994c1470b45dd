#include "trainer/optimizers/row_optimizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "trainer/optimizers/adam.h"

namespace warmstart {
namespace {

constexpr std::int64_t kTableIds = 3;

// A table of three rows with given values by id; `width` may be 1.
class RowOptimizerTest : public testing::Test {
 protected:
  void make(std::int64_t width, ParameterGroup group = ParameterGroup::kNetwork) {
    tables.add({"table", group, IdsOf::kRows, kTableIds, width, {{}, [this, width](std::int64_t id, float* row) {
                                                                   for (std::int64_t k = 0; k < width; ++k)
                                                                     row[k] = start[id][k].item<float>();
                                                                 }}});
    tables.draw();
  }

  // The gradient of some rows, which are given by rising place.
  std::vector<RowGradient> gradient(const std::vector<std::int64_t>& ids, const at::Tensor& rows) {
    const auto& table = tables.list()[0];
    std::vector<std::int64_t> places;
    places.reserve(ids.size());
    for (const auto id : ids) places.push_back(table.places.place_of(id));
    const auto order = at::tensor(places, at::kLong).argsort();
    return {{&table, at::tensor(places, at::kLong).index_select(0, order).contiguous(),
             rows.index_select(0, order).contiguous()}};
  }
  at::Tensor values() const { return tables.whole("table"); }

  ShardedTables tables{0, 1};
  at::Tensor start = at::tensor({0.5, -0.25, 1.0, 2.0, -0.75, 0.125}).view({3, 2}).to(at::kFloat);
  AdamOptions adam{.rate = 0.1, .embedding_l2 = 0, .network_l2 = 0};
};

// What torch.optim.SparseAdam of PyTorch 2.11 makes of the same rows, which are touched at every step.
TEST_F(RowOptimizerTest, LazyAdamIsPyTorchsSparseAdamWhereRowsAreTouchedEachTime) {
  make(2);
  const RowOptimizer optimizer(tables, {}, adam);
  const at::Tensor gradients =
      at::tensor({0.3, -0.1, 1.0, 0.5, -0.2, 0.4, 0.25, -2.0, 0.1, 0.1, -1.0, 0.75}).view({3, 2, 2}).to(at::kFloat);
  for (int step = 0; step < 3; ++step) optimizer.update(gradient({0, 2}, gradients[step]), step, 1.0, 1.0);
  const auto wanted =
      at::tensor({0.3576121926307678, -0.2629344165325165, 1.0, 2.0, -0.9347837567329407, 0.09962484985589981})
          .view({3, 2})
          .to(at::kFloat);
  EXPECT_TRUE(at::allclose(values(), wanted, 1e-6, 1e-7)) << values();
}

// Of rows that miss steps the moments are those of Adam whose gradients were 0 meanwhile.
TEST_F(RowOptimizerTest, LazyAdamDecaysMomentsByTheStepsThatARowMissed) {
  make(2);
  const RowOptimizer optimizer(tables, {}, adam);
  double x = 0.5, m = 0, v = 0;
  for (int step = 0; step < 9; ++step) {
    m *= 0.9, v *= 0.99;
    const double g = 0.3 - 0.1 * step;
    const bool touched = step == 0 || step == 1 || step == 7;
    if (touched) {
      optimizer.update(gradient({0}, at::full({1, 2}, g)), step, 0.5, 1.0);
      m += 0.1 * g, v += 0.01 * g * g;
      x -= 0.5 * 0.1 * m / (1 - std::pow(0.9, step + 1)) / (std::sqrt(v / (1 - std::pow(0.99, step + 1))) + 1e-8);
    }
  }
  EXPECT_NEAR(values()[0][0].item<double>(), x, 1e-6);
  EXPECT_TRUE(at::equal(values()[1], start[1]));  // nobody looked it up
}

TEST_F(RowOptimizerTest, LazyAdamIsAdamWhereAllRowsAreTouchedEachTime) {
  make(2, ParameterGroup::kEmbedding);
  adam.embedding_l2 = 0.1;
  adam.warmup = 3;
  Parameters parameters;
  parameters.add("table", ParameterGroup::kEmbedding, {3, 2}, [this] { return start; });
  parameters.flatten(at::kFloat);
  Adam dense(parameters, adam, 100);
  const RowOptimizer optimizer(tables, {}, adam);
  at::manual_seed(1);
  for (int step = 0; step < 20; ++step) {
    const auto rows = at::randn({3, 2}) * 4;
    const auto norm = dense.step(step, rows.flatten().clone(), parameters);
    optimizer.update(gradient({0, 1, 2}, rows), step, dense.rate(step) / adam.rate, dense.clipping(norm));
  }
  EXPECT_TRUE(at::allclose(values(), parameters["table"].detach(), 1e-5, 1e-6));
}

// What torch.optim.Adagrad of PyTorch 2.11 makes of rows of one number.
TEST_F(RowOptimizerTest, RowwiseAdagradIsPyTorchsAdagradOnRowsOfOneNumber) {
  start = at::tensor({0.5, 7.0, -0.75}).view({3, 1}).to(at::kFloat);
  make(1);
  const RowOptimizer optimizer(tables, {.optimizer = RowRule::kRowwiseAdagrad}, adam);
  const auto gradients = at::tensor({0.3, 1.0, -0.2, 0.25, 0.1, -1.0}).view({3, 2, 1}).to(at::kFloat);
  for (int step = 0; step < 3; ++step) optimizer.update(gradient({0, 2}, gradients[step]), step, 1.0, 1.0);
  EXPECT_NEAR(values()[0].item<double>(), 0.4287438988685608, 1e-6);
  EXPECT_NEAR(values()[2].item<double>(), -0.8046225309371948, 1e-6);
  EXPECT_EQ(values()[1].item<float>(), 7.0f);
}

TEST_F(RowOptimizerTest, RowwiseAdagradKeepsTheMeanSquareOfARow) {
  make(2);
  adam.network_l2 = 0.5;
  const RowOptimizer optimizer(tables, {.optimizer = RowRule::kRowwiseAdagrad, .rate = 0.2}, adam);
  optimizer.update(gradient({1}, at::tensor({3.0, -1.0}).view({1, 2}).to(at::kFloat)), 0, 0.5, 2.0);
  const double first = 2 * 3.0 + 0.5 * 1.0, second = 2 * -1.0 + 0.5 * 2.0;  // scaled, with the penalty's
  const double divisor = std::sqrt((first * first + second * second) / 2);
  EXPECT_NEAR(values()[1][0].item<double>(), 1.0 - 0.1 * first / divisor, 1e-6);
  EXPECT_NEAR(values()[1][1].item<double>(), 2.0 - 0.1 * second / divisor, 1e-6);
}

TEST_F(RowOptimizerTest, SgdAndSubtractTakeTheGradientOff) {
  make(2);
  const RowOptimizer optimizer(tables, {.optimizer = RowRule::kSgd, .rate = 0.5}, adam);
  const auto rows = at::tensor({1.0, -2.0}).view({1, 2}).to(at::kFloat);
  optimizer.update(gradient({2}, rows), 0, 0.5, 2.0);
  subtract(gradient({2}, rows), 0, 0.25);
  EXPECT_TRUE(at::allclose(values()[2], start[2] - 0.75 * rows[0]));
}

TEST(ShardingOptions, SayUpToHowManyRowsATableIsReplicated) {
  TablePlacement placement;
  read("replicated:250", {}, placement);
  EXPECT_EQ(placement.replicated_rows, 250);
  EXPECT_EQ(to_text(placement), "replicated:250");
  for (const auto* wrong : {"", "sharded", "replicated", "replicated:", "replicated:x", "replicated:-1"})
    EXPECT_THROW(read(wrong, {}, placement), std::invalid_argument) << wrong;
  EXPECT_EQ(placement.replicated_rows, 250);
}

// What is written is what a checkpoint would refuse to be read with.
TEST_F(RowOptimizerTest, NotesRowsThatAreNotFiniteAndThoseThatAreAgain) {
  make(2);
  const RowOptimizer optimizer(tables, {}, adam);
  optimizer.update(gradient({0, 2}, at::full({2, 2}, 0.5f)), 0, 1.0, 1.0);
  EXPECT_TRUE(tables.are_finite());
  Checkpoint before, spoilt;
  tables.save(before);
  EXPECT_TRUE(before.rows_are_finite);
  // The square of the gradient is too large, and the values do not change.
  optimizer.update(gradient({1}, at::full({1, 2}, 1e30f)), 1, 1.0, 1.0);
  EXPECT_TRUE(values().isfinite().all().item<bool>());
  EXPECT_FALSE(tables.are_finite());
  tables.save(spoilt);
  EXPECT_FALSE(spoilt.rows_are_finite);
  tables.restore(before);
  EXPECT_TRUE(tables.are_finite());
  subtract(gradient({2}, at::full({1, 2}, NAN)), 2, 0.1);
  EXPECT_FALSE(tables.are_finite());
  tables.keep_best(3);
  tables.list()[0].records.fill_(1.0);
  optimizer.update(gradient({2}, at::full({1, 2}, 0.5f)), 3, 1.0, 1.0);
  EXPECT_FALSE(tables.are_finite());  // the best values are not
  tables.keep_best(4);
  EXPECT_TRUE(tables.are_finite());
}

}  // namespace
}  // namespace warmstart
