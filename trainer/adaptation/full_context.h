// Full context embeddings (Vinyals et al. 2016, section 2.1.2 and appendix A): what rows' features h are where they are
// seen together with the task's support rows.

#pragma once

#include "trainer/adaptation/lstm.h"

namespace warmstart {

// Of a support row i, one LSTM reads the rows from the first to the last, and another one from the last to the first;
// their hidden states a and b behind the row join its features:
//
//   g_i = h_i + a_i + b_i
class FullContext {
 public:
  // Of `features` = D; declares the parameters of query_in_context(), too.
  FullContext(std::int64_t features, Initialiser& draw, Parameters& parameters);

  // g of support rows [T, S, D] with the mask [T, S]: [T, S, D].
  at::Tensor of_support(const BatchParameters& parameters, const at::Tensor& features, const at::Tensor& mask) const;

 private:
  Lstm forward_, backward_;
};

// Of query rows [T, R, D], or, while PlainArithmetic stands, [1, R, D] that are all tasks', an LSTM reads the support's
// g [T, S, D] by attention so many `steps` K > 0, each from its own hidden state q, beside which it keeps the row's
// features (attLSTM, equations 3 to 6):
//
//   r_k = sum_i softmax_i(q_k-1' g_i) g_i
//   u_k, s_k = LSTM(h, [q_k-1, r_k], s_k-1),   q_k = u_k + h,   q_0 = s_0 = 0
//
// q_K [T, R, D]; without support rows r is 0.
at::Tensor query_in_context(const BatchParameters& parameters, const at::Tensor& features, const at::Tensor& context,
                            const at::Tensor& mask, int steps);

}  // namespace warmstart
