#pragma once

#include "trainer/arithmetic/adapted_product.h"

namespace warmstart {

// Whether the functions below take these: contiguous float32 on a CPU that has task kernels.
bool goes_by_task(const AdaptedProductTerms& terms);
bool goes_by_task(const AdaptedProduct& made);

// As the functions of adapted_product.h.  Sums over tasks are made by each thread of its own tasks first: so with other
// numbers of threads, gradients are the same up to rounding.
AdaptedProduct adapted_product_by_task(const AdaptedProductTerms& terms);
AdaptedProductGradients adapted_product_gradients_by_task(const AdaptedProductTerms& terms, const AdaptedProduct& made,
                                                          const at::Tensor& d, const at::Tensor& of_made_x);

}  // namespace warmstart
