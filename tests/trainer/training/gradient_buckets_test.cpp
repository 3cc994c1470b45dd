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
  parameters.add("e", ParameterGroup::kEmbedding, {6, 10}, [] { return random_tensor({6, 10}, 5); });
  parameters.flatten(at::TensorOptions(test_device()).dtype(at::kFloat));
  return parameters;
}

// Of microbatch `microbatch`, by weights "a", "b", "d" and the rows of the table "e" that it looks up.
at::Tensor loss_of(const at::Tensor& a, const at::Tensor& b, const at::Tensor& d, const at::Tensor& rows,
                   int microbatch) {
  const auto x = random_tensor({4, 3}, static_cast<std::uint64_t>(10 + microbatch));
  return x.mm(a.t()).tanh().mm(b.t()).tanh().mm(d.t()).sum() +
         rows.mul(random_tensor(rows.sizes(), static_cast<std::uint64_t>(20 + microbatch))).sin().sum();
}

// What each microbatch looks up: some ids are looked up by one, by two or by all of them, others by none.
const std::vector<std::vector<std::int64_t>> kLookedUp = {{3, 1}, {1, 4, 3}, {3, 0}, {4, 3}};

at::Tensor tail_of(int microbatch) {
  return at::full({2}, 1 << microbatch, at::TensorOptions(test_device()).dtype(at::kFloat));
}

IdLookup lookup_of(MicrobatchRange range) {
  std::vector<std::int64_t> ids;
  IdLookup lookup;
  for (int i = 0; i < range.count; ++i) {
    const auto& own = kLookedUp[static_cast<std::size_t>(range.first + i)];
    lookup.firsts.push_back(static_cast<std::int64_t>(ids.size()));
    ids.insert(ids.end(), own.begin(), own.end());
  }
  lookup.firsts.push_back(static_cast<std::int64_t>(ids.size()));
  lookup.ids = at::tensor(ids, at::kLong).to(test_device());
  // All ids of the table stand for those that were looked up, some of which were by nobody.
  lookup.all = at::arange(6, at::kLong).to(test_device());
  lookup.in_all = lookup.ids;
  return lookup;
}

// Adds the gradients of these microbatches, computed as one batch.
void add(GradientBuckets& sum, Parameters& parameters, MicrobatchRange range, bool last) {
  const ReplicatedTables tables(parameters);
  const BatchParameters batch(parameters, tables, {range.count, {}}, Leaves::kMicrobatches);
  const auto lookup = lookup_of(range);
  const auto rows = batch.rows("e", lookup);
  const auto a = batch["a"], b = batch["b"], d = batch["d"];
  at::Tensor loss = at::zeros({}, rows.options().requires_grad(false));
  std::vector<at::Tensor> tails;
  for (int i = 0; i < range.count; ++i) {
    const auto m = static_cast<std::size_t>(i);
    const auto own = rows.narrow(0, lookup.firsts[m], lookup.firsts[m + 1] - lookup.firsts[m]);
    loss = loss + loss_of(a[i], b[i], d[i], own, range.first + i);
    tails.push_back(tail_of(range.first + i));
  }
  sum.add(loss, batch, at::stack(tails), last);
}

at::Tensor gradient(Parameters& parameters, std::int64_t bucket_bytes, Communicator& group, std::size_t buckets,
                    bool together) {
  GradientBuckets sum(parameters, 2, bucket_bytes, group, Reduction::kFixedOrder);
  const auto mine = microbatches_of(group.rank(), group.size(), kMicrobatches);
  const int at_once = together ? mine.count : 1;
  at::Tensor first, second;
  for (auto* total : {&first, &second}) {  // the first is one bucket
    for (int i = 0; i < mine.count; i += at_once)
      add(sum, parameters, {mine.first + i, at_once}, i + at_once == mine.count);
    *total = sum.take();
  }
  EXPECT_EQ(sum.size(), buckets);
  EXPECT_TRUE(first.equal(second));
  return second;
}

// With plain autograd, microbatch by microbatch, as one tree.
at::Tensor expected(Parameters& parameters) {
  TreeSum sum;
  for (int i = 0; i < kMicrobatches; ++i) {
    std::vector<at::Tensor> pieces;
    const auto values = parameters.values();
    const auto rows = parameters["e"].index_select(0, lookup_of({i, 1}).ids);
    const auto loss = loss_of(parameters["a"], parameters["b"], parameters["d"], rows, i);
    const auto gradients = torch::autograd::grad({loss}, values, {}, std::nullopt, false, true);
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
  auto parameters = parameters_of_test();
  for (const bool together : {false, true}) {
    EXPECT_TRUE(gradient(parameters, kAll, group, 1, together).equal(expected(parameters)));
    EXPECT_TRUE(gradient(parameters, 300, group, 2, together).equal(expected(parameters)));
    EXPECT_TRUE(gradient(parameters, 1, group, 5, together).equal(expected(parameters)));
  }
}

}  // namespace
}  // namespace warmstart
