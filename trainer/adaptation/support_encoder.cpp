#include "trainer/adaptation/support_encoder.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/modulation.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr double kRawKappa = 2.0;  // before the softplus, where it starts
constexpr const char* kSum = "encoder";

// What sums [T, R, 2 width] over so many rows [T, 1] say, likewise.
at::Tensor code_of_sums(const BatchParameters& parameters, const at::Tensor& sums, const at::Tensor& counts) {
  const auto kappa = parameters.for_tasks(softplus_by_element(parameters["encoder.kappa"]), sums.size(0)).unsqueeze(1);
  return sums / at::sqrt(counts + kappa).unsqueeze(2);
}

// What they add to a head: [T, R, D + 1].
at::Tensor head_of_sums(const BatchParameters& parameters, const at::Tensor& sums, const at::Tensor& counts) {
  return linear(parameters, "encoder.head", code_of_sums(parameters, sums, counts));
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
  const auto head_of = [&](const at::Tensor& sums, const at::Tensor& counts) {
    return head_of_sums(parameters, sums, counts);
  };
  at::Tensor left_out;
  if (support.wanted.left_out && rows.size(1) > 0)
    left_out = head_of((sum.unsqueeze(1) - rows).flatten(1, 2), (support.row_counts - 1.0).clamp_min(0.0))
                   .unflatten(1, {-1, rows.size(2)});
  const auto bias = parameters.for_tasks(parameters["encoder.head.bias"], rows.size(0)).unsqueeze(1);
  state.add_to_head(head_of(sum, support.row_counts), bias, left_out);
  if (support.wanted.shares) state.add_shares(head_of(rows.squeeze(2), support.row_counts) - bias);
  if (support.wanted.sums) state.sums[kSum] = sum;
  // Outputs have no order among them.
  modulate(state, "encoder", code_of_sums(parameters, sum, support.row_counts).sum(1, true));
}

void SupportEncoder::update(TaskState& state, const Support& support) const {
  auto& sum = state.sums.at(kSum);
  sum = sum + set_.of_rows(state, support).sum(1);
  state.head = with(state.head, head_of_sums(state.layers.parameters(), sum, support.row_counts));
}

}  // namespace warmstart
