#pragma once

#include "trainer/adaptation/recurrent_cell.h"

namespace warmstart {

// Long short-term memory (Hochreiter and Schmidhuber 1997; with forget gates, Gers et al. 2000), as LibTorch has it. Of
// a row's v, the hidden state h and the cell s:
//
//   i, f, o = sigmoid(W v + b + U h + c) each,   g = tanh(W_g v + b_g + U_g h + c_g)
//   s' = f s + i g,   h' = o tanh(s')
class Lstm : public RecurrentCell {
 public:
  explicit Lstm(const CellParts& parts) : RecurrentCell(parts, 4) {}

  bool has_cell() const override { return true; }

  // h' and s' of what the gates i, f, g, o sum up, one after the other, [T, R, 4 H], and of s [T, R, H].
  static Memory step(const at::Tensor& sums, const at::Tensor& cell);

 private:
  Memory next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const override;
  Passage passage(const at::Tensor& rows, const at::Tensor& is_row, const at::Tensor& zeros,
                  const Weights& weights) const override;
};

}  // namespace warmstart
