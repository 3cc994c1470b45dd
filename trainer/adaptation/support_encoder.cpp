#include "trainer/adaptation/support_encoder.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr double kRawKappa = 2.0;  // before the softplus, where it starts
constexpr const char* kRows = "encoder.rows";
constexpr const char* kSum = "encoder";

// What sums over so many rows add to a head: [.., D + 1].
at::Tensor head_of_sums(const BatchParameters& parameters, const at::Tensor& sums, const at::Tensor& counts) {
  const auto kappa = parameters.for_tasks(softplus_by_element(parameters["encoder.kappa"]), sums.size(0)).unsqueeze(1);
  return linear(parameters, "encoder.head", sums / at::sqrt(counts + kappa).unsqueeze(2));
}

Head with(const Head& head, const at::Tensor& added) {
  const auto [w, b] = head_of_row(added);
  return {head.w + w, head.b + b};
}

}  // namespace

SupportEncoder::SupportEncoder(std::int64_t features, std::int64_t inputs, std::int64_t width, Initialiser& draw,
                               Parameters& parameters)
    : width_(width) {
  const auto add = [&](const char* name, std::vector<std::int64_t> sizes, Initial initial) {
    parameters.add(name, ParameterGroup::kNetwork, std::move(sizes), std::move(initial));
  };
  add("encoder.rows.weight", {3 * width, inputs}, draw.uniform({3 * width, inputs}, inputs));
  add("encoder.rows.bias", {3 * width}, draw.uniform({3 * width}, inputs));
  add("encoder.head.weight", {features + 1, 2 * width}, draw.uniform({features + 1, 2 * width}, 2 * width, 0.1));
  add("encoder.head.bias", {features + 1}, draw.uniform({features + 1}, 2 * width));
  parameters.add("encoder.kappa", ParameterGroup::kInner, {}, [] { return at::full({}, kRawKappa, at::kFloat); });
}

std::vector<std::string> SupportEncoder::row_parts() const { return {kRows}; }

// [T, S, 2 width], 0 where padded.
at::Tensor SupportEncoder::of_rows(const TaskState& state, const Support& support) const {
  if (support.labels.mask.size(1) == 0) return at::zeros({state.head.w.size(0), 0, 2 * width_}, state.head.w.options());
  const auto encoding = support.rows.encode(state.layers);
  const auto residuals = -support.objective.inner_gradient(encoding.base(), support.labels);
  const auto parts = support.rows.part(kRows, encoding, state.layers.parameters());
  const auto part = [&](std::int64_t number) { return parts.narrow(2, number * width_, width_); };
  const auto bent = tanh_by_element(part(1) + part(2) * residuals);
  return at::cat({part(0), bent}, 2) * support.labels.mask.unsqueeze(2);
}

void SupportEncoder::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto rows = of_rows(state, support), sum = rows.sum(1, true);
  const auto head_of = [&](const at::Tensor& sums, const at::Tensor& counts) {
    return head_of_sums(parameters, sums, counts);
  };
  const auto joined = [&](const at::Tensor& head) { return with(state.head, head); };
  if (support.wanted.left_out && rows.size(1) > 0)
    state.left_out_head = joined(head_of(sum - rows, (support.row_counts - 1.0).clamp_min(0.0)));
  const auto bias = parameters.for_tasks(parameters["encoder.head.bias"], rows.size(0)).unsqueeze(1);
  state.unadapted_head = joined(bias);
  state.head = joined(head_of(sum, support.row_counts));
  if (support.wanted.shares) state.add_shares(head_of(rows, support.row_counts) - bias);
  if (support.wanted.sums) state.sums[kSum] = sum;
}

void SupportEncoder::update(TaskState& state, const Support& support) const {
  auto& sum = state.sums.at(kSum);
  sum = sum + of_rows(state, support).sum(1, true);
  state.head = with(state.head, head_of_sums(state.layers.parameters(), sum, support.row_counts));
}

}  // namespace warmstart
