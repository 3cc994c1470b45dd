#include "trainer/adaptation/recurrent.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/modulation.h"
#include "trainer/adaptation/row_set.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/layers/linear.h"

namespace warmstart {

Recurrent::Recurrent(std::string kind, MakeCell make_cell, std::int64_t outputs, std::int64_t features,
                     std::int64_t inputs, std::int64_t width, Initialiser& draw, Parameters& parameters)
    : kind_(std::move(kind)), outputs_(outputs), width_(width) {
  const auto add = [&](const char* part, std::vector<std::int64_t> sizes, std::int64_t fan_in, double factor = 1.0) {
    parameters.add(name(part), ParameterGroup::kNetwork, sizes, draw.uniform(sizes, fan_in, factor));
  };
  add("rows.weight", {(1 + outputs) * width, inputs}, inputs);
  add("rows.bias", {(1 + outputs) * width}, inputs);
  cell_ = make_cell({kind_, 2 * width, width, draw, parameters});
  add("head.weight", {outputs * (features + 1), width}, width, 0.1);
}

// [T, S, 2 H], 0 where padded.
at::Tensor Recurrent::inputs_of(const TaskState& state, const Support& support) const {
  const auto encoding = support.rows.encode(state.layers);
  const auto residuals = base_residuals(encoding, support);
  const auto parts = support.rows.part(name("rows"), encoding, state.layers.parameters());
  const auto of_output = [&](std::int64_t output) {
    return parts.narrow(2, (1 + output) * width_, width_) * residuals.narrow(2, output, 1);
  };
  auto of_gradient = of_output(0);
  for (std::int64_t output = 1; output < outputs_; ++output) of_gradient = of_gradient + of_output(output);
  return at::cat({parts.narrow(2, 0, width_), of_gradient}, 2) * support.labels.mask.unsqueeze(2);
}

at::Tensor Recurrent::head_rows(const BatchParameters& parameters, const at::Tensor& hidden) const {
  const auto values = linear(parameters, name("head"), hidden);  // [T, 1, C (D + 1)]
  return values.reshape({-1, outputs_, values.size(2) / outputs_});
}

void Recurrent::apply(TaskState& state, const Support& support) const {
  if (support.wanted.left_out) throw std::logic_error(kind_ + " was asked for heads without each row");
  const auto& parameters = state.layers.parameters();
  const auto& mask = support.labels.mask;
  if (!PlainArithmetic::stands() && mask.size(1) == 0) return;
  const auto found = cell_->read(parameters, inputs_of(state, support), mask);
  state.head = with(state.head, head_rows(parameters, found.last.hidden));
  if (support.wanted.shares) state.add_shares(linear(parameters, name("head"), found.behind - found.before));
  if (support.wanted.sums) remember(state, found.last);
  modulate(state, kind_, found.last.hidden);
}

void Recurrent::remember(TaskState& state, const RecurrentCell::Memory& memory) const {
  state.sums[name("hidden")] = memory.hidden;
  if (memory.cell.defined()) state.sums[name("cell")] = memory.cell;
}

void Recurrent::update(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const RecurrentCell::Memory memory = {state.sums.at(name("hidden")),
                                        cell_->has_cell() ? state.sums.at(name("cell")) : at::Tensor()};
  const auto last = cell_->read_on(parameters, inputs_of(state, support), support.labels.mask, memory).last;
  state.head = with(state.head, head_rows(parameters, last.hidden));
  remember(state, last);
}

}  // namespace warmstart
