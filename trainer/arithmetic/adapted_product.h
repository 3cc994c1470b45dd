// The product that both passes of an adapted layer (layers/adapted_linear.h) are made of, with its reverse pass:
//
//   z = start + x M + ((x keys' + key_bias) diag(shares)) values
//
// Forward, M is W', a step's inputs are the keys and its outputs' gradients the values; backward, M is W and they
// change places. Products with remembered rows are scaled by the rows' shares, as they are the smallest of the factors.
//
// On the CPU and in float32, a few tasks' rows at a time go through all of it while they are in the cache
// (adapted_product_by_task.cpp); else, and where there are no task kernels, LibTorch's products are taken one after the
// other.  Autograd sees none of this.

#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/arithmetic/microbatches.h"
#include "trainer/arithmetic/products.h"

namespace warmstart {

// M [in, out] and a copy of its transpose; both undefined means M = 0.
struct SharedMatrix {
  at::Tensor matrix, transpose;
};

// The transpose [in, out] of `weight`, copied where that serves its products.
at::Tensor transpose_for_products(const at::Tensor& weight);

// What a task remembers: keys [T, M, in], values [T, M, out], shares [T, 1, M]; undefined means that it remembers
// nothing.
struct RememberedRows {
  at::Tensor keys, values, shares;
  at::Tensor key_bias;  // scalar; undefined means that `plain_bias` counts
  double plain_bias = 0.0;
};

// A leaky rectifier, or none.
struct Rectifier {
  bool rectifies = false;
  double slope = 0.0;  // not negative
};

// Which of the tensors that all tasks share take a gradient: one for each microbatch, [microbatches, ..].
struct SharedLearns {
  bool matrix = false, transpose = false, start_bias = false, key_bias = false;
};

// What an adapted product is made of.
struct AdaptedProductTerms {
  at::Tensor x;  // [T, R, in]; without remembered rows: [.., in]
  SharedMatrix shared;
  RememberedRows remembered;
  at::Tensor start_bias, start_rows;  // [out], or shaped like z; undefined means 0
  Rectifier rectifier;                // of z
  // Shaped like x.  If defined, x is a gradient behind a rectifier whose output was `behind`; it is first multiplied by
  // that rectifier's derivative.
  at::Tensor behind;
  double behind_slope = 0.0;
  SharedLearns learns;
  Microbatches microbatches;
};

// start_bias + start_rows, or the one that is defined, or undefined.
at::Tensor start_of(const AdaptedProductTerms& terms);

struct AdaptedProduct {
  at::Tensor x;  // what was multiplied
  at::Tensor z;  // [T, R, out], rectified
  at::Tensor products,
      scaled;  // [T, R, M]: x keys' + key_bias, and with the shares; the first only where the shares learn
};

AdaptedProduct adapted_product(const Products& arithmetic, const AdaptedProductTerms& terms);

// Gradients, by the terms' names; undefined where a term takes none.  Those of SharedLearns are [microbatches, ..].
struct AdaptedProductGradients {
  at::Tensor x, matrix, transpose, keys, values, shares, key_bias, start_bias, start_rows;
};

// From the gradient `d` at made.z.  `of_made_x`: a further gradient at made.x, or undefined; it is added.
AdaptedProductGradients adapted_product_gradients(const Products& arithmetic, const AdaptedProductTerms& terms,
                                                  const AdaptedProduct& made, at::Tensor d,
                                                  const at::Tensor& of_made_x = {});

}  // namespace warmstart
