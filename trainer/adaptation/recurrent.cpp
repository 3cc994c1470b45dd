#include "trainer/adaptation/recurrent.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/modulation.h"
#include "trainer/adaptation/row_set.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

// The rows of [T, R, ..] as [T, 1, ..] each.
std::vector<at::Tensor> one_by_one(const at::Tensor& values) {
  std::vector<at::Tensor> rows;
  rows.reserve(static_cast<std::size_t>(values.size(1)));
  if (PlainArithmetic::stands()) {  // a tracer records slices alone
    for (std::int64_t row = 0; row < values.size(1); ++row) rows.push_back(values.narrow(1, row, 1));
    return rows;
  }
  // The way back puts the rows' gradients together once; of slices, each would have zeros for all rows.
  for (const auto& row : values.unbind(1)) rows.push_back(row.unsqueeze(1));
  return rows;
}

}  // namespace

Recurrent::Recurrent(std::string kind, std::int64_t gates, std::int64_t outputs, std::int64_t features,
                     std::int64_t inputs, std::int64_t width, Initialiser& draw, Parameters& parameters)
    : kind_(std::move(kind)), gates_(gates * width), outputs_(outputs), width_(width) {
  const auto add = [&](const char* part, std::vector<std::int64_t> sizes, std::int64_t fan_in, double factor = 1.0) {
    parameters.add(name(part), ParameterGroup::kNetwork, sizes, draw.uniform(sizes, fan_in, factor));
  };
  add("rows.weight", {(1 + outputs) * width, inputs}, inputs);
  add("rows.bias", {(1 + outputs) * width}, inputs);
  add("input.weight", {gates_, 2 * width}, width);
  add("input.bias", {gates_}, width);
  add("state.weight", {gates_, width}, width);
  add("state.bias", {gates_}, width);
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

Recurrent::Read Recurrent::read(const BatchParameters& parameters, const at::Tensor& inputs, const at::Tensor& mask,
                                Memory memory) const {
  const auto of_rows = one_by_one(linear(parameters, name("input"), inputs));
  const auto is_row = one_by_one(mask.gt(0.0).unsqueeze(2));
  const auto of_state = fixed_linear(parameters, name("state"));
  std::vector<at::Tensor> behind = {memory.hidden};
  behind.reserve(of_rows.size() + 1);
  for (std::size_t row = 0; row < of_rows.size(); ++row) {
    const auto next = this->next(memory, of_rows[row], of_state.forward(memory.hidden));
    memory.hidden = at::where(is_row[row], next.hidden, memory.hidden);
    if (memory.cell.defined()) memory.cell = at::where(is_row[row], next.cell, memory.cell);
    behind.push_back(memory.hidden);
  }
  const auto hidden = at::cat(behind, 1);
  const auto rows = mask.size(1);
  return {memory, hidden.narrow(1, 1, rows) - hidden.narrow(1, 0, rows)};
}

Recurrent::Read Recurrent::read_traced(const BatchParameters& parameters, const at::Tensor& inputs,
                                       const at::Tensor& mask) const {
  // A request's rows may stand anywhere, or nowhere: a task's own go first, and there is a place of padding behind all.
  const auto number = at::cumsum(at::ones_like(at::constant_pad_nd(mask, {0, 1})), 1);  // [T, S + 1]
  const auto count = mask.sum(1, true);
  const auto goes_there = at::eq(number.unsqueeze(2), at::cumsum(mask, 1).unsqueeze(1));
  const auto moves = goes_there.to(mask.scalar_type()) * mask.unsqueeze(1);  // [T, S + 1, S]
  const auto by_time = [](const at::Tensor& values) { return values.transpose(0, 1); };
  const auto rows = by_time(at::matmul(moves, inputs)),
             is_row = by_time(number.le(count).to(mask.scalar_type()).unsqueeze(2));
  const auto zeros = at::zeros_like(rows.narrow(0, 0, 1).narrow(2, 0, width_));
  const auto [hidden, cell] = passage(rows, is_row, zeros,
                                      {parameters[name("input.weight")][0], parameters[name("state.weight")][0],
                                       parameters[name("input.bias")][0], parameters[name("state.bias")][0]});
  const auto behind = by_time(hidden);
  const auto before = at::constant_pad_nd(behind, {0, 0, 1, -1});
  const auto last = at::matmul(number.eq(count).to(mask.scalar_type()).unsqueeze(1), behind);
  return {{last, cell.defined() ? by_time(cell) : cell}, at::matmul(moves.transpose(1, 2), behind - before)};
}

at::Tensor Recurrent::head_rows(const BatchParameters& parameters, const at::Tensor& hidden) const {
  const auto values = linear(parameters, name("head"), hidden);  // [T, 1, C (D + 1)]
  return values.reshape({-1, outputs_, values.size(2) / outputs_});
}

Recurrent::Memory Recurrent::nothing_read(const at::Tensor& like) const {
  const auto zeros = at::zeros({like.size(0), 1, width_}, like.options());
  return {zeros, has_cell() ? zeros : at::Tensor()};
}

void Recurrent::apply(TaskState& state, const Support& support) const {
  if (support.wanted.left_out) throw std::logic_error(kind_ + " was asked for heads without each row");
  const auto& parameters = state.layers.parameters();
  const auto& mask = support.labels.mask;
  if (!PlainArithmetic::stands() && mask.size(1) == 0) return;
  const auto inputs = inputs_of(state, support);
  const auto found = PlainArithmetic::stands() ? read_traced(parameters, inputs, mask)
                                               : read(parameters, inputs, mask, nothing_read(inputs));
  state.head = with(state.head, head_rows(parameters, found.last.hidden));
  if (support.wanted.shares) state.add_shares(linear(parameters, name("head"), found.changes));
  if (support.wanted.sums) remember(state, found.last);
  modulate(state, kind_, found.last.hidden);
}

void Recurrent::remember(TaskState& state, const Memory& memory) const {
  state.sums[name("hidden")] = memory.hidden;
  if (memory.cell.defined()) state.sums[name("cell")] = memory.cell;
}

void Recurrent::update(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const Memory memory = {state.sums.at(name("hidden")), has_cell() ? state.sums.at(name("cell")) : at::Tensor()};
  const auto last = read(parameters, inputs_of(state, support), support.labels.mask, memory).last;
  state.head = with(state.head, head_rows(parameters, last.hidden));
  remember(state, last);
}

}  // namespace warmstart
