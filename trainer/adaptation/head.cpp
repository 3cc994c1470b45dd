#include "trainer/adaptation/head.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor Head::outputs(const at::Tensor& features, const at::Tensor& base) const {
  return at::bmm(features, w.transpose(1, 2)) + base + b;
}

}  // namespace warmstart
