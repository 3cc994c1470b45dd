#include "trainer/adaptation/kernel_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/gaussian_kernel.h"
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

}  // namespace warmstart
