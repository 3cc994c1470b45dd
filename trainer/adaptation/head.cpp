#include "trainer/adaptation/head.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/task_product.h"

namespace warmstart {

at::Tensor Head::outputs(const at::Tensor& features, const at::Tensor& base) const {
  return task_product(features, w.transpose(1, 2)) + base + b;
}

at::Tensor Head::rows() const { return at::cat({w, b.transpose(1, 2)}, 2); }

Head head_of_rows(const at::Tensor& rows) {
  const auto features = rows.size(2) - 1;
  return {rows.narrow(2, 0, features), rows.narrow(2, features, 1).transpose(1, 2)};
}

Head with(const Head& head, const at::Tensor& added) {
  const auto [w, b] = head_of_rows(added);
  return {head.w + w, head.b + b};
}

}  // namespace warmstart
