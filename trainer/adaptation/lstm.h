#pragma once

#include "trainer/adaptation/recurrent.h"

namespace warmstart {

// Long short-term memory (Hochreiter and Schmidhuber 1997; with forget gates, Gers et al. 2000), as LibTorch has it. Of
// a row's v, the hidden state h and the cell s:
//
//   i, f, o = sigmoid(W v + b + U h + c) each,   g = tanh(W_g v + b_g + U_g h + c_g)
//   s' = f s + i g,   h' = o tanh(s')
class Lstm : public Recurrent {
 public:
  Lstm(std::int64_t outputs, std::int64_t features, std::int64_t inputs, std::int64_t width, Initialiser& draw,
       Parameters& parameters)
      : Recurrent("lstm", 4, outputs, features, inputs, width, draw, parameters) {}

 private:
  bool has_cell() const override { return true; }
  Memory next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const override;
  Passage passage(const at::Tensor& rows, const at::Tensor& is_row, const at::Tensor& zeros,
                  const Weights& weights) const override;
};

}  // namespace warmstart
