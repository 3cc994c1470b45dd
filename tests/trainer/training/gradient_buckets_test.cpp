#include "trainer/training/gradient_buckets.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/random.h"
#include "cluster/mpi_communicator.h"
#include "tests/support/test_device.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMicrobatches = 4, kAll = 1 << 30;

at::Tensor random_tensor(at::IntArrayRef shape, std::uint64_t position) {
  RandomStream random(1, Purpose::kInitialise, position);
  auto tensor = at::empty(shape, at::kFloat);
  for (auto& value : std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())))
    value = static_cast<float>(random.normal());
  return tensor.to(test_device());
}

// "c" is used by no loss.
Parameters parameters_of_test() {
  Parameters parameters;
  parameters.add("a", ParameterGroup::kNetwork, {5, 3}, [] { return random_tensor({5, 3}, 1); });
  parameters.add("b", ParameterGroup::kNetwork, {7, 5}, [] { return random_tensor({7, 5}, 2); });
  parameters.add("c", ParameterGroup::kNetwork, {2}, [] { return random_tensor({2}, 3); });
  parameters.add("d", ParameterGroup::kNetwork, {1, 7}, [] { return random_tensor({1, 7}, 4); });
  parameters.flatten(at::TensorOptions(test_device()).dtype(at::kFloat));
  return parameters;
}

at::Tensor loss_of(const Parameters& parameters, int microbatch) {
  const auto x = random_tensor({4, 3}, static_cast<std::uint64_t>(10 + microbatch));
  return x.mm(parameters["a"].t()).tanh().mm(parameters["b"].t()).tanh().mm(parameters["d"].t()).sum();
}

at::Tensor tail_of(int microbatch) {
  return at::full({2}, 1 << microbatch, at::TensorOptions(test_device()).dtype(at::kFloat));
}

at::Tensor gradient(const Parameters& parameters, std::int64_t bucket_bytes, Communicator& group, std::size_t buckets) {
  GradientBuckets sum(parameters, 2, bucket_bytes, group, Reduction::kFixedOrder);
  const auto mine = microbatches_of(group.rank(), group.size(), kMicrobatches);
  at::Tensor first, second;
  for (auto* total : {&first, &second}) {  // the first is one bucket
    for (int i = 0; i < mine.count; ++i)
      sum.add(loss_of(parameters, mine.first + i), tail_of(mine.first + i), i + 1 == mine.count);
    *total = sum.take();
  }
  EXPECT_EQ(sum.size(), buckets);
  EXPECT_TRUE(first.equal(second));
  return second;
}

// With plain autograd, microbatch by microbatch, as one tree.
at::Tensor expected(const Parameters& parameters) {
  TreeSum sum;
  for (int i = 0; i < kMicrobatches; ++i) {
    std::vector<at::Tensor> pieces;
    const auto values = parameters.values();
    const auto gradients = torch::autograd::grad({loss_of(parameters, i)}, values, {}, std::nullopt, false, true);
    for (std::size_t p = 0; p < values.size(); ++p)
      pieces.push_back(gradients[p].defined() ? gradients[p].flatten()
                                              : at::zeros({values[p].numel()}, values[p].options()));
    pieces.push_back(tail_of(i));
    sum.add(at::cat(pieces));
  }
  return sum.take();
}

TEST(GradientBuckets, GiveTheBitsOfOneTreeWhateverTheirSizeAndTheRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto parameters = parameters_of_test();
  EXPECT_TRUE(gradient(parameters, kAll, group, 1).equal(expected(parameters)));
  EXPECT_TRUE(gradient(parameters, 150, group, 3).equal(expected(parameters)));
  EXPECT_TRUE(gradient(parameters, 1, group, 4).equal(expected(parameters)));
}

TEST(GradientBuckets, LeaveNoHookBehind) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto parameters = parameters_of_test();
  gradient(parameters, kAll, group, 1);
  EXPECT_TRUE(torch::autograd::grad({loss_of(parameters, 0)}, {parameters["a"]})[0].defined());
}

}  // namespace
}  // namespace warmstart
