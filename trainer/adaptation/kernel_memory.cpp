#include "trainer/adaptation/kernel_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {

at::Tensor KernelMemory::outputs(const at::Tensor& of_rows) const {
  return task_product(gaussian_kernel(scale, of_rows, points), weights);
}

at::Tensor kernel_points(const RowEncoder& rows, const Encoding& encoding, const BatchParameters& parameters) {
  const auto points = rows.part(kKernelPoints, encoding, parameters);
  const auto factor = softplus_by_element(parameters["kernel.factor"]);
  return points * parameters.for_tasks(factor, points.size(0)).view({-1, 1, 1});
}

at::Tensor gaussian_kernel(const at::Tensor& scale, const at::Tensor& a, const at::Tensor& b) {
  const auto half_squares = [](const at::Tensor& points) { return 0.5 * points.square().sum(2, true); };
  const auto exponent = task_product(a, b.transpose(1, 2)) - half_squares(a) - half_squares(b).transpose(1, 2);
  return scale * exp_by_element(exponent.clamp_max(0.0));
}

}  // namespace warmstart
