// Networks that see a row's fields one by one, against sums over pairs of fields that are written out.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/random_batch.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

constexpr std::int64_t kVectorWidth = 5, kFirstGenre = 7;  // the keys' ids come first

Learner network_of_fields(NetworkKind kind) {
  ModelOptions options;
  options.network = {.kind = kind, .embedding = kVectorWidth, .tower = {6}};
  options.adapt.stages = {StageKind::kPrior};
  Learner learner(random_batch_schema(), options, 1);
  auto& parameters = learner.parameters();
  parameters.flatten(at::kDouble);
  RandomStream random(4, Purpose::kInitialise, 9);
  for (std::int64_t i = 0; i < parameters.flat().numel(); ++i) parameters.flat()[i] += 0.3 * random.normal();
  return learner;
}

// One distinct row of a batch.
struct WrittenOut {
  WrittenOut(const Parameters& parameters, const EpisodeBatch& batch, const TensorBatch& tensors, std::size_t row) {
    const auto dense = tensors.rows.dense[static_cast<std::int64_t>(row)];
    auto key = at::zeros({kVectorWidth}, at::kDouble), genre = key.clone();
    base = at::dot(parameters["linear.input.weight"][0], dense) + parameters["linear.input.bias"][0];
    if (batch.key[row] != 0) base = base + parameters["key_bias"][batch.key[row]][0];
    const auto end = row + 1 < batch.rows.offsets.size() ? batch.rows.offsets[row + 1]
                                                         : static_cast<std::int64_t>(batch.rows.ids.size());
    for (auto i = static_cast<std::size_t>(batch.rows.offsets[row]); i < static_cast<std::size_t>(end); ++i) {
      const auto id = batch.rows.ids[i];
      const double weight = batch.rows.weights[i];
      auto& field = id < kFirstGenre ? key : genre;
      field = field + weight * parameters["embedding"][id];
      base = base + weight * parameters["linear"][id][0];
    }
    const auto of_dense = at::mv(parameters["input.weight"], dense) + parameters["input.bias"];
    sum = key + genre + of_dense;
    pairs = key * genre + key * of_dense + genre * of_dense;
  }
  at::Tensor base, sum, pairs;
};

double largest_gap(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Fields, MakeSumsOverAllTheirPairs) {
  const auto batch = random_batch(false);
  for (const auto kind : {NetworkKind::kContent, NetworkKind::kDeepFm}) {
    const auto learner = network_of_fields(kind);
    const TensorBatch tensors(batch, learner.parameters().flat().options());
    const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
    for (std::size_t row = 0; row < static_cast<std::size_t>(kRows); ++row) {
      const WrittenOut expected(learner.parameters(), batch, tensors, row);
      const auto place = static_cast<std::int64_t>(row);
      const auto features = encoding.features()[place];
      const bool is_content = kind == NetworkKind::kContent;
      EXPECT_LT(largest_gap(encoding.base()[place][0], expected.base), 1e-12);
      EXPECT_LT(largest_gap(features.narrow(0, is_content ? kVectorWidth : 0, kVectorWidth), expected.pairs), 1e-12);
      if (!is_content) continue;
      EXPECT_LT(largest_gap(features.narrow(0, 0, kVectorWidth), expected.sum), 1e-12);
    }
  }
}

}  // namespace
}  // namespace warmstart
