#include "trainer/adaptation/head.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/task_product.h"

namespace warmstart {

at::Tensor Head::outputs(const at::Tensor& features, const at::Tensor& base) const {
  return task_product(features, w.transpose(1, 2)) + base + b;
}

Head head_of_row(const at::Tensor& row) {
  const auto features = row.size(2) - 1;
  return {row.narrow(2, 0, features), row.narrow(2, features, 1)};
}

Head with(const Head& head, const at::Tensor& added) {
  const auto [w, b] = head_of_row(added);
  return {head.w + w, head.b + b};
}

}  // namespace warmstart
