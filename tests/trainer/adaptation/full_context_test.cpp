// Full context embeddings against numbers from PyTorch.

#include "trainer/adaptation/full_context.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "tests/support/random_model.h"
#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {
namespace {

constexpr int kStepsOfQuery = 3;

// One task's support rows and, behind them, one that is padding; three query rows.
//
// import torch
// torch.set_default_dtype(torch.float64)
// sines = lambda phase, *sizes: torch.sin(phase + torch.arange(torch.Size(sizes).numel()).double()).view(sizes)
// h, x = torch.tensor([[1, 2], [-1, .5], [.3, .1]]), torch.tensor([[.5, 1], [.3, .1], [-2, 1]])
// cells = torch.nn.LSTM(2, 2, bidirectional=True)
// for phase, weight in enumerate(cells.parameters(), 1): weight.data = sines(phase, *weight.shape)
// g = h + cells(h)[0].view(3, 2, 2).sum(1)
// print(g)
// step = torch.nn.LSTMCell(4, 2)
// step.weight_ih.data = torch.cat([sines(9, 8, 2), sines(12, 8, 2)], 1)
// step.weight_hh.data, step.bias_ih.data, step.bias_hh.data = sines(11, 8, 2), sines(10, 8), torch.zeros(8)
// for context in g, torch.zeros(1, 2):
//   q = s = torch.zeros(3, 2)
//   for _ in range(3):
//     read = torch.softmax(q @ context.T, 1) @ context
//     q, s = step(torch.cat([x, read], 1), (q, s))
//     q = q + x
//   print(q)
class FullContextTest : public testing::Test {
 protected:
  FullContextTest() {
    parameters.flatten(at::kDouble);
    double phase = 1;
    for (const auto* name : {"forward.input.weight", "forward.state.weight", "forward.input.bias", "forward.state.bias",
                             "backward.input.weight", "backward.state.weight", "backward.input.bias",
                             "backward.state.bias", "query.weight", "query.bias", "state.weight", "read.weight"}) {
      const auto& value = parameters[std::string("context.") + name];
      value.detach().copy_(at::sin(phase++ + at::arange(value.numel(), at::kDouble)).view(value.sizes()));
    }
    of_batch.emplace(parameters, tables, Microbatches(), Leaves::kParameters);
  }

  static at::Tensor numbers(at::ArrayRef<double> values, at::IntArrayRef sizes) {
    return at::tensor(values, at::kDouble).view(sizes);
  }
  static void expect_near(const at::Tensor& found, const at::Tensor& expected, const char* what = "") {
    EXPECT_LT((found - expected).abs().max().item<double>(), 1e-11) << what << found;
  }
  at::Tensor of_support(const at::Tensor& rows, const at::Tensor& present) const {
    return full_context.of_support(*of_batch, rows, present);
  }
  at::Tensor of_query(const at::Tensor& rows, const at::Tensor& context, const at::Tensor& present) const {
    return query_in_context(*of_batch, rows, context, present, kStepsOfQuery);
  }

  const c10::NoGradGuard no_grad;
  Parameters parameters;
  ReplicatedTables tables{parameters};
  Initialiser draw{1};
  const FullContext full_context{2, draw, parameters};
  std::optional<BatchParameters> of_batch;

  const at::Tensor support = numbers({1, 2, -1, .5, .3, .1, 7, -7}, {1, 4, 2}), mask = numbers({1, 1, 1, 0}, {1, 4}),
                   query = numbers({.5, 1, .3, .1, -2, 1}, {1, 3, 2});
  const at::Tensor seen_support = numbers({1.329730689678, 2.377484234770, -1.475333392677, 0.152149037613,
                                           0.144273130630, 0.159163433926},
                                          {1, 3, 2}),
                   seen_query = numbers({0.509889474201, 1.131283935102, 0.400716217940, 0.067725720469,
                                         -1.771917199258, 0.903982517675},
                                        {1, 3, 2}),
                   query_alone = numbers({0.523538169469, 1.066836218772, 0.416781995700, 0.177381111299,
                                          -1.909620029374, 0.836573806784},
                                         {1, 3, 2});
};

TEST_F(FullContextTest, OfASupportRowIsWhatLstmsOfBothWaysSayBehindIt) {
  expect_near(of_support(support, mask).narrow(1, 0, 3), seen_support);
}

TEST_F(FullContextTest, OfAQueryRowIsWhatAnLstmReadsOfTheSupport) {
  expect_near(of_query(query, of_support(support, mask), mask), seen_query);
}

// In a request, rows may stand anywhere, and a tracer records what is computed.
TEST_F(FullContextTest, PassesOverPaddingWhereverItStands) {
  const auto places = at::tensor({3, 0, 3, 1, 2, 3});
  const auto rows = support.index_select(1, places), present = mask.index_select(1, places);
  const auto expect_both = [&](const char* how) {
    const auto context = of_support(rows, present);
    expect_near(context.index_select(1, at::tensor({1, 3, 4})), seen_support, how);
    expect_near(of_query(query, context, present), seen_query, how);
  };
  expect_both("by loops of our own");
  const PlainArithmetic plain;
  expect_both("by LibTorch's operators");
}

TEST_F(FullContextTest, OfAQueryRowWithoutSupportIsReadOfNothing) {
  expect_near(of_query(query, of_support(support, at::zeros_like(mask)), at::zeros_like(mask)), query_alone, "padding");
  const auto none = support.narrow(1, 0, 0), no_mask = mask.narrow(1, 0, 0);
  expect_near(of_query(query, of_support(none, no_mask), no_mask), query_alone, "no rows");
}

// A catalogue's rows are the same for all tasks, in a graph.
TEST_F(FullContextTest, OfRowsThatAllTasksShareIsEachTasksOwn) {
  const PlainArithmetic plain;
  const auto present = at::cat({mask, at::zeros_like(mask)});
  const auto context = of_support(support.expand({2, -1, -1}), present);
  const auto found = of_query(query, context, present);
  expect_near(found.narrow(0, 0, 1), seen_query);
  expect_near(found.narrow(0, 1, 1), query_alone);
}

TEST(MatchingInFullContext, ReadsRowsInTheirOrderAndCannotBeUpdatedByOne) {
  ModelOptions options;
  options.adapt.stages = {StageKind::kPrior};
  options.adapt.readout = ReadoutKind::kMatching;
  EXPECT_FALSE(RandomModel(options).learner.reads_order());
  options.adapt.full_context = 2;
  const RandomModel model(options);
  EXPECT_TRUE(model.learner.reads_order());
  EXPECT_FALSE(model.learner.updates());
  const c10::NoGradGuard no_grad;
  auto other = model.tensors;
  for (auto* values : {&other.support.place, &other.support.label}) {
    *values = values->clone();
    values->select(0, 0).copy_(values->select(0, 0).flip({0}));  // the first task's rows have no padding
  }
  const auto change = (model.outputs(other) - model.outputs(model.tensors)).abs();
  EXPECT_GT(change[0].max().item<double>(), 1e-6);
  EXPECT_EQ(change.narrow(0, 1, change.size(0) - 1).max().item<double>(), 0.0);
}

}  // namespace
}  // namespace warmstart
