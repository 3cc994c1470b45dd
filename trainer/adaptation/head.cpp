#include "trainer/adaptation/head.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/task_product.h"

namespace warmstart {

at::Tensor Head::outputs(const at::Tensor& features, const at::Tensor& base) const {
  return task_product(features, w.transpose(1, 2)) + base + b;
}

}  // namespace warmstart
