#include "trainer/adaptation/recurrent_cell.h"

#include <ATen/ATen.h>

#include <vector>

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

at::Tensor from_behind(const at::Tensor& rows) { return rows.flip({1}); }

}  // namespace

RecurrentCell::RecurrentCell(const CellParts& parts, std::int64_t gates) : name_(parts.name), width_(parts.width) {
  const auto add = [&](const char* part, const std::vector<std::int64_t>& sizes) {
    parts.parameters.add(name(part), ParameterGroup::kNetwork, sizes, parts.draw.uniform(sizes, width_));
  };
  add("input.weight", {gates * width_, parts.inputs});
  add("input.bias", {gates * width_});
  add("state.weight", {gates * width_, width_});
  add("state.bias", {gates * width_});
}

RecurrentCell::Read RecurrentCell::read(const BatchParameters& parameters, const at::Tensor& rows,
                                        const at::Tensor& mask, Order order) const {
  if (PlainArithmetic::stands()) return read_traced(parameters, rows, mask, order);
  const auto zeros = at::zeros({rows.size(0), 1, width_}, rows.options());
  const Memory nothing = {zeros, has_cell() ? zeros : at::Tensor()};
  if (order == Order::kForward) return read_on(parameters, rows, mask, nothing);
  const auto found = read_on(parameters, from_behind(rows), from_behind(mask), nothing);
  return {found.last, from_behind(found.before), from_behind(found.behind)};
}

RecurrentCell::Read RecurrentCell::read_on(const BatchParameters& parameters, const at::Tensor& rows,
                                           const at::Tensor& mask, Memory memory) const {
  const auto of_rows = one_by_one(linear(parameters, name("input"), rows));
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
  const auto count = mask.size(1);
  return {memory, hidden.narrow(1, 0, count), hidden.narrow(1, 1, count)};
}

RecurrentCell::Read RecurrentCell::read_traced(const BatchParameters& parameters, const at::Tensor& rows,
                                               const at::Tensor& mask, Order order) const {
  // A request's rows may stand anywhere, or nowhere: a task's own go first, and there is a place of padding behind all.
  const auto number = at::cumsum(at::ones_like(at::constant_pad_nd(mask, {0, 1})), 1);  // [T, S + 1]
  const auto count = mask.sum(1, true), from_first = at::cumsum(mask, 1);
  const auto turn = order == Order::kForward ? from_first : count + 1.0 - from_first;
  const auto goes_there = at::eq(number.unsqueeze(2), turn.unsqueeze(1));
  const auto moves = goes_there.to(mask.scalar_type()) * mask.unsqueeze(1);  // [T, S + 1, S]
  const auto by_time = [](const at::Tensor& values) { return values.transpose(0, 1); };
  const auto moved = by_time(at::matmul(moves, rows)),
             is_row = by_time(number.le(count).to(mask.scalar_type()).unsqueeze(2));
  const auto zeros = at::zeros_like(moved.narrow(0, 0, 1).narrow(2, 0, 1)).expand({-1, -1, width_});
  const auto [hidden, cell] = passage(moved, is_row, zeros,
                                      {parameters[name("input.weight")][0], parameters[name("state.weight")][0],
                                       parameters[name("input.bias")][0], parameters[name("state.bias")][0]});
  const auto behind = by_time(hidden);
  const auto before = at::constant_pad_nd(behind, {0, 0, 1, -1});
  const auto last = at::matmul(number.eq(count).to(mask.scalar_type()).unsqueeze(1), behind);
  const auto back = moves.transpose(1, 2);
  return {{last, cell.defined() ? by_time(cell) : cell}, at::matmul(back, before), at::matmul(back, behind)};
}

}  // namespace warmstart
