#include "trainer/adaptation/lstm.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

// What shuts a gate, or opens it, whatever else it sums up: its sigmoid is 0 or 1.
constexpr double kShuts = 1e4;

}  // namespace

RecurrentCell::Memory Lstm::step(const at::Tensor& sums, const at::Tensor& cell) {
  const auto width = sums.size(2) / 4;
  const auto of = [&](const at::Tensor& values, std::int64_t gate) { return values.narrow(2, gate * width, width); };
  const auto enters = sigmoid_by_element(sums.narrow(2, 0, 2 * width));
  const auto fresh = tanh_by_element(of(sums, 2)), leaves = sigmoid_by_element(of(sums, 3));
  const auto next = of(enters, 1) * cell + of(enters, 0) * fresh;
  return {leaves * tanh_by_element(next), next};
}

RecurrentCell::Memory Lstm::next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const {
  return step(of_row + of_hidden, memory.cell);
}

RecurrentCell::Passage Lstm::passage(const at::Tensor& rows, const at::Tensor& is_row, const at::Tensor& zeros,
                                     const Weights& weights) const {
  // Padding says so in a column of its own, by which nothing enters the cell and nothing is forgotten.
  const auto& [of_row, of_hidden, row_bias, hidden_bias] = weights;
  const auto column = at::full({width(), 1}, kShuts, of_row.options()), none = at::zeros_like(column);
  const auto with_column = at::cat({of_row, at::cat({-column, column, none, none})}, 1);
  const auto found = at::lstm(at::cat({rows, 1.0 - is_row}, 2), {zeros, zeros},
                              {with_column, of_hidden, row_bias, hidden_bias}, true, 1, 0.0, false, false, false);
  return {std::get<0>(found), std::get<2>(found)};
}

}  // namespace warmstart
