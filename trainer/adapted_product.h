// The product that both passes of an adapted layer are made of, with its reverse pass:
//
//   z = start + x M + ((x keys' + key_bias) diag(shares)) values                                (DESIGN, equation 1)
//
// Forward, M is W', a step's inputs are the keys and its outputs' gradients the values; backward, M is W and they
// change places. Products with remembered rows are scaled by the rows' shares, as they are the smallest of the factors.
//
// On the CPU, in float32 and with a small M, a few tasks' rows at a time go through all of it while they are in the
// cache (adapted_product_by_task.cpp); else LibTorch's products are taken one after the other.  Autograd sees none of
// this.

#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/products.h"

namespace warmstart {

// M [in, out] and its transpose, of the same values; both undefined: 0.  That of the two which is a parameter requires
// grad.
struct SharedMatrix {
  at::Tensor matrix, transpose;
};

// The transpose [in, out] of `weight`, copied where that serves its products.
at::Tensor transpose_for_products(const at::Tensor& weight);

// What a task remembers: keys [T, M, in], values [T, M, out], shares [T, 1, M]; undefined: nothing.
struct RememberedRows {
  at::Tensor keys, values, shares;
  at::Tensor key_bias;  // scalar; undefined: `plain_bias`
  double plain_bias = 0.0;
};

// A leaky rectifier, or none.
struct Rectifier {
  bool rectifies = false;
  double slope = 0.0;  // not negative
};

// What an adapted product is made of.
struct AdaptedProductTerms {
  at::Tensor x;  // [T, R, in]; without remembered rows: [.., in]
  SharedMatrix shared;
  RememberedRows remembered;
  at::Tensor start_bias, start_rows;  // [out], or shaped like z; undefined: 0
  Rectifier rectifier;                // of z
  // Shaped like x: x is a gradient at this rectified result, and first goes back through its rectifier.
  at::Tensor behind;
  double behind_slope = 0.0;
};

// Where its rows start: bias and rows together; perhaps undefined.
at::Tensor start_of(const AdaptedProductTerms& terms);

struct AdaptedProduct {
  at::Tensor x;  // what was multiplied
  at::Tensor z;  // [T, R, out], rectified
  at::Tensor products,
      scaled;  // [T, R, M]: x keys' + key_bias, and with the shares; the first only where the shares learn
};

AdaptedProduct adapted_product(const Products& of, const AdaptedProductTerms& terms);

// Gradients, by the terms' names; undefined where a term takes none.
struct AdaptedProductGradients {
  at::Tensor x, matrix, transpose, keys, values, shares, key_bias, start_bias, start_rows;
};

// From the gradient `d` of made.z, and perhaps that of made.x which comes from elsewhere.
AdaptedProductGradients adapted_product_gradients(const Products& of, const AdaptedProductTerms& terms,
                                                  const AdaptedProduct& made, at::Tensor d,
                                                  const at::Tensor& of_made_x = {});

}  // namespace warmstart
