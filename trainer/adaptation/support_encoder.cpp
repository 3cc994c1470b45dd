#include "trainer/adaptation/support_encoder.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/modulation.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr double kRawKappa = 2.0;  // before the softplus, where it starts
constexpr const char* kSum = "encoder";

// Of sums over so many rows [T, 1], or of what a linear map without a bias makes of them [T, R, ..]: over sqrt(rows +
// kappa).
at::Tensor over_rows(const BatchParameters& parameters, const at::Tensor& sums, const at::Tensor& counts) {
  const auto kappa = parameters.for_tasks(softplus_by_element(parameters["encoder.kappa"]), sums.size(0)).unsqueeze(1);
  return sums / at::sqrt(counts + kappa).unsqueeze(2);
}

// What rows or their sums [T, R, 2 width] say of a head, before it is known how many rows there are: [T, R, D + 1].
at::Tensor mapped(const BatchParameters& parameters, const at::Tensor& sums) {
  return linear_map(parameters, "encoder.head", sums);
}

at::Tensor bias_of(const BatchParameters& parameters, std::int64_t tasks) {  // [T, 1, D + 1]
  return parameters.for_tasks(parameters["encoder.head.bias"], tasks).unsqueeze(1);
}

}  // namespace

SupportEncoder::SupportEncoder(std::int64_t features, std::int64_t inputs, std::int64_t width, Initialiser& draw,
                               Parameters& parameters)
    : set_("encoder.rows", inputs, width, draw, parameters) {
  const auto add = [&](const char* name, std::vector<std::int64_t> sizes, Initial initial) {
    parameters.add(name, ParameterGroup::kNetwork, std::move(sizes), std::move(initial));
  };
  add("encoder.head.weight", {features + 1, 2 * width}, draw.uniform({features + 1, 2 * width}, 2 * width, 0.1));
  add("encoder.head.bias", {features + 1}, draw.uniform({features + 1}, 2 * width));
  parameters.add("encoder.kappa", ParameterGroup::kInner, {}, [] { return at::full({}, kRawKappa, at::kFloat); });
}

void SupportEncoder::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto rows = set_.of_rows(state, support), sum = rows.sum(1);  // a row for each output
  const auto said = mapped(parameters, sum), bias = bias_of(parameters, rows.size(0));
  at::Tensor left_out;
  if (support.wanted.left_out && rows.size(1) > 0) {
    // The map is linear: what the others say is what all do less what the row does.
    const auto by_rows = mapped(parameters, rows.flatten(1, 2)).unflatten(1, {-1, rows.size(2)});
    const auto of_others = (said.unsqueeze(1) - by_rows).flatten(1, 2);
    left_out = (over_rows(parameters, of_others, (support.row_counts - 1.0).clamp_min(0.0)) + bias)
                   .unflatten(1, {-1, rows.size(2)});
  }
  state.add_to_head(over_rows(parameters, said, support.row_counts) + bias, bias, left_out);
  if (support.wanted.shares)
    state.add_shares(over_rows(parameters, mapped(parameters, rows.squeeze(2)), support.row_counts));
  if (support.wanted.sums) state.sums[kSum] = sum;
  // Outputs have no order among them.
  modulate(state, "encoder", over_rows(parameters, sum, support.row_counts).sum(1, true));
}

void SupportEncoder::update(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  auto& sum = state.sums.at(kSum);
  sum = sum + set_.of_rows(state, support).sum(1);
  const auto said = over_rows(parameters, mapped(parameters, sum), support.row_counts);
  state.head = with(state.head, said + bias_of(parameters, sum.size(0)));
}

}  // namespace warmstart
