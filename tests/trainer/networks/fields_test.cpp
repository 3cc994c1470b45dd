// What networks make of a row's fields, against equations that are written out row by row.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"

namespace warmstart {
namespace {

constexpr std::int64_t kVectorWidth = 5, kFirstGenre = 7;  // the keys' ids come first

RandomModel network_of_fields(NetworkKind kind) {
  ModelOptions options;
  options.network = {.kind = kind, .embedding = kVectorWidth, .tower = {6}, .features = 3};
  options.adapt.stages = {StageKind::kPrior, StageKind::kSupportEncoder};
  return RandomModel(options);
}

// One distinct row of a batch.
struct WrittenOut {
  WrittenOut(const Parameters& parameters, const EpisodeBatch& batch, const TensorBatch& tensors, std::size_t row)
      : parameters(parameters), dense(tensors.rows.dense[static_cast<std::int64_t>(row)]) {
    const auto end = row + 1 < batch.rows.offsets.size() ? batch.rows.offsets[row + 1]
                                                         : static_cast<std::int64_t>(batch.rows.ids.size());
    for (auto i = static_cast<std::size_t>(batch.rows.offsets[row]); i < static_cast<std::size_t>(end); ++i)
      weighted_ids.emplace_back(batch.rows.ids[i], batch.rows.weights[i]);
    auto key = at::zeros({kVectorWidth}, at::kDouble), genre = key.clone();
    for (const auto& [id, weight] : weighted_ids) {
      auto& field = id < kFirstGenre ? key : genre;
      field = field + weight * parameters["embedding"][id];
    }
    const auto of_dense = at::mv(parameters["input.weight"], dense) + parameters["input.bias"];
    sum = key + genre + of_dense;
    pairs = key * genre + key * of_dense + genre * of_dense;
    in_a_row = at::cat({key, genre, of_dense});
    key_bias = at::zeros({}, at::kDouble);
    if (batch.key[row] != 0) key_bias = parameters["key_bias"][batch.key[row]][0];
  }
  at::Tensor linear_terms() const {
    auto terms = key_bias + at::dot(parameters["linear.input.weight"][0], dense) + parameters["linear.input.bias"][0];
    for (const auto& [id, weight] : weighted_ids) terms = terms + weight * parameters["linear"][id][0];
    return terms;
  }
  at::Tensor through_tower(const at::Tensor& x) const {
    const auto z = at::mv(parameters["tower.0.weight"], x) + parameters["tower.0.bias"];
    return at::maximum(z, 0.1 * z);
  }

  const Parameters& parameters;
  at::Tensor dense;
  std::vector<std::pair<std::int64_t, double>> weighted_ids;
  at::Tensor key_bias, sum, pairs, in_a_row;
};

double largest_gap(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

// Calls check(encoding, row, row written out) for each.
template <typename Check>
void for_each_row(NetworkKind kind, const Check& check) {
  const auto [learner, batch, tensors] = network_of_fields(kind);
  const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
  for (std::size_t row = 0; row < static_cast<std::size_t>(kRows); ++row)
    check(encoding, static_cast<std::int64_t>(row), WrittenOut(learner.parameters(), batch, tensors, row));
}

void expect_row(const at::Tensor& of_rows, std::int64_t row, const at::Tensor& expected, const char* what) {
  EXPECT_LT(largest_gap(of_rows[row].reshape({-1}), expected.reshape({-1})), 1e-12) << what << " of row " << row;
}

// What stages see of a row is a linear map of its network's input.
void expect_input(const Encoding& encoding, std::int64_t row, const WrittenOut& written, const at::Tensor& input) {
  ASSERT_FALSE(encoding.parts().empty());
  for (const auto& [name, part] : encoding.parts())
    expect_row(part, row, at::mv(written.parameters[name + ".weight"], input) + written.parameters[name + ".bias"],
               "input");
}

TEST(Fields, OfContentAreTheirSumAndThatOfAllTheirPairs) {
  for_each_row(NetworkKind::kContent, [](const Encoding& encoding, std::int64_t row, const WrittenOut& written) {
    expect_row(encoding.features(), row, at::cat({written.sum, written.pairs}), "features");
    expect_row(encoding.base(), row, written.linear_terms(), "base");
    expect_input(encoding, row, written, written.sum);
  });
}

TEST(Fields, OfDeepFmAreTheirPairsAndAPerceptronOfThemInARow) {
  for_each_row(NetworkKind::kDeepFm, [](const Encoding& encoding, std::int64_t row, const WrittenOut& written) {
    expect_row(encoding.features(), row, at::cat({written.pairs, written.through_tower(written.in_a_row)}), "features");
    expect_row(encoding.base(), row, written.linear_terms(), "base");
    expect_input(encoding, row, written, written.sum);
  });
}

TEST(Fields, OfMlpAreAPerceptronOfTheirSum) {
  for_each_row(NetworkKind::kMlp, [](const Encoding& encoding, std::int64_t row, const WrittenOut& written) {
    const auto hidden = written.through_tower(written.sum);
    const auto& p = written.parameters;
    expect_row(encoding.features(), row, hidden, "features");
    expect_row(encoding.base(), row, at::mv(p["output.weight"], hidden) + p["output.bias"] + written.key_bias, "base");
    expect_input(encoding, row, written, written.sum);
  });
}

TEST(Fields, OfMfAreTheFactorsOfItsKeyAlone) {
  const auto [learner, batch, tensors] = network_of_fields(NetworkKind::kMf);
  const auto& p = learner.parameters();
  const auto encoding = learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
  for (std::int64_t row = 0; row < kRows; ++row) {
    const auto key = batch.key[static_cast<std::size_t>(row)];
    const double known = key == 0 ? 0.0 : 1.0;
    expect_row(encoding.features(), row, known * p["factors"][key], "features");
    expect_row(encoding.base(), row, p["mean"] + known * p["key_bias"][key], "base");
  }
}

}  // namespace
}  // namespace warmstart
