#include "trainer/adaptation/kernel_memory.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/precisions.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/gaussian_kernel.h"
#include "trainer/arithmetic/quadratic_form.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {

at::Tensor KernelMemory::similarity(const at::Tensor& of_rows) const { return gaussian_kernel(scale, of_rows, points); }

at::Tensor KernelMemory::output_variance(const at::Tensor& rows, const at::Tensor& similarity) const {
  const auto with_support = task_product(rows, scaled_rows.transpose(1, 2)) + similarity;
  const auto prior = task_product(rows.square(), variance) + scale;
  return prior - quadratic_form(with_support, inverse);
}

void KernelMemory::add_row(const at::Tensor& h, const at::Tensor& point, const at::Tensor& response,
                           const at::Tensor& noise, const at::Tensor& is_row) {
  const auto scaled = h * variance.transpose(1, 2);
  const auto with_support = task_product(h, scaled_rows.transpose(1, 2)) + similarity(point);
  const auto gain = task_product(with_support, inverse);  // [T, 1, S]
  const auto own = (scaled * h).sum(2, true) + scale + noise;
  const auto pivot = is_row / (own - (gain * with_support).sum(2, true));
  const auto border = -gain * pivot;
  const auto grown = inverse - task_product(gain.transpose(1, 2), border);
  inverse = at::cat({at::cat({grown, border.transpose(1, 2)}, 2), at::cat({border, pivot}, 2)}, 1);
  points = at::cat({points, point}, 1);
  scaled_rows = at::cat({scaled_rows, scaled}, 1);
  responses = at::cat({responses, response}, 1);
}

KernelMemory kernel_of_parameters(const BatchParameters& parameters) {
  KernelMemory memory;
  memory.scale = softplus_by_element(parameters["kernel.scale"]).view({-1, 1, 1});
  memory.variance = at::reciprocal(precisions(parameters, "kernel.precision", 1));
  return memory;
}

at::Tensor kernel_points(const RowEncoder& rows, const Encoding& encoding, const BatchParameters& parameters) {
  const auto points = rows.part(kKernelPoints, encoding, parameters);
  const auto factor = softplus_by_element(parameters["kernel.factor"]);
  return points * parameters.for_tasks(factor, points.size(0)).view({-1, 1, 1});
}

}  // namespace warmstart
