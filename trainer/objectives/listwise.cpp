#include "trainer/objectives/listwise.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

// The softmax over a task's rows, where the mask is.
struct Softmax {
  Softmax(const at::Tensor& x, const at::Tensor& mask) {
    const auto rows = at::where(mask.gt(0.0), x, at::full_like(x, kLowest));
    // A task without rows has no highest one.
    const auto highest = at::cat({rows, mask.sum(1, true) * 0.0 + kLowest}, 1).amax(1, true).detach();
    from_highest = rows - highest;
    const auto e = exp_by_element(from_highest) * mask;
    sum = e.sum(1, true).clamp_min(kLeastSum);
    shares = e / sum;
  }

  static constexpr double kLowest = -1e30;
  static constexpr double kLeastSum = 0.5;  // of any rows, the highest of which adds 1

  at::Tensor from_highest, shares;  // [T, R]
  at::Tensor sum;                   // of e^from_highest [T, 1]
};

}  // namespace

at::Tensor Listwise::wanted(const RowTensors& labels) const {
  return Softmax(labels.label / temperature_, labels.mask).shares;
}

at::Tensor Listwise::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto errors = Softmax(outputs.squeeze(2), labels.mask).shares - wanted(labels);
  return (errors * labels.mask.sum(1, true)).unsqueeze(2);
}

at::Tensor Listwise::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const Softmax found(outputs.squeeze(2), labels.mask);
  const auto has_rows = labels.mask.sum(1).clamp_max(1.0);
  return log_by_element(found.sum.squeeze(1)) * has_rows - (wanted(labels) * found.from_highest).sum(1);
}

at::Tensor Listwise::predicted(const at::Tensor& outputs) const { return outputs.squeeze(2); }

}  // namespace warmstart
