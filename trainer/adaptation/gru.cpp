#include "trainer/adaptation/gru.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {

RecurrentCell::Memory Gru::next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const {
  const auto width = this->width();
  const auto of = [&](const at::Tensor& values, std::int64_t gate) { return values.narrow(2, gate * width, width); };
  const auto gates = sigmoid_by_element(of_row.narrow(2, 0, 2 * width) + of_hidden.narrow(2, 0, 2 * width));
  const auto reset = of(gates, 0), kept = of(gates, 1);
  const auto fresh = tanh_by_element(of(of_row, 2) + reset * of(of_hidden, 2));
  return {fresh + kept * (memory.hidden - fresh), {}};
}

RecurrentCell::Passage Gru::passage(const at::Tensor& rows, const at::Tensor& /*is_row*/, const at::Tensor& zeros,
                                    const Weights& weights) const {
  const auto& [of_row, of_hidden, row_bias, hidden_bias] = weights;
  const auto found =
      at::gru(rows, zeros, {of_row, of_hidden, row_bias, hidden_bias}, true, 1, 0.0, false, false, false);
  return {std::get<0>(found), {}};
}

}  // namespace warmstart
