#pragma once

#include "trainer/adaptation/recurrent_cell.h"

namespace warmstart {

// Gated recurrent units (Cho et al. 2014), as LibTorch has them.  Of a row's v and the hidden state h:
//
//   r = sigmoid(W_r v + b_r + U_r h + c_r),   z = sigmoid(W_z v + b_z + U_z h + c_z)
//   n = tanh(W_n v + b_n + r (U_n h + c_n)),  h' = (1 - z) n + z h
class Gru : public RecurrentCell {
 public:
  explicit Gru(const CellParts& parts) : RecurrentCell(parts, 3) {}

  bool has_cell() const override { return false; }

 private:
  Memory next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const override;
  Passage passage(const at::Tensor& rows, const at::Tensor& is_row, const at::Tensor& zeros,
                  const Weights& weights) const override;
};

}  // namespace warmstart
