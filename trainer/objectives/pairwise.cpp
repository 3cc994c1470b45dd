#include "trainer/objectives/pairwise.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/memory_of_pairs.h"

namespace warmstart {
namespace {

constexpr int kNumbersOfPair = 4;  // its preference, its difference, what that costs and their product

// The pairs of rows [T, R, R]: 1 where the first is to come before the second.
struct Pairs {
  explicit Pairs(const RowTensors& rows) {
    require_memory_of_pairs(rows.mask, kNumbersOfPair, "model.objective = pairwise", "rows",
                            "fewer rows or model.objective = listwise");
    const auto& y = rows.label;
    const auto before = y.unsqueeze(2).gt(y.unsqueeze(1)).to(y.scalar_type());
    preferred = before * rows.mask.unsqueeze(2) * rows.mask.unsqueeze(1);
    count = preferred.sum(2).sum(1).clamp_min(1.0);
  }

  at::Tensor preferred;
  at::Tensor count;  // [T]; 1 where there is none
};

// By how much the second of a pair is above the first: [T, R, R].
at::Tensor wrong_by(const at::Tensor& outputs) { return outputs.transpose(1, 2) - outputs; }

}  // namespace

at::Tensor Pairwise::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  const Pairs pairs(labels);
  const auto of_pairs = pairs.preferred * sigmoid_by_element(wrong_by(outputs));
  const auto factor = labels.mask.sum(1) / pairs.count;
  return (of_pairs.sum(1) - of_pairs.sum(2)).unsqueeze(2) * factor.unsqueeze(1).unsqueeze(2);
}

at::Tensor Pairwise::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const Pairs pairs(labels);
  return (pairs.preferred * softplus_by_element(wrong_by(outputs))).sum(2).sum(1) / pairs.count;
}

at::Tensor Pairwise::predicted(const at::Tensor& outputs) const { return outputs.squeeze(2); }

}  // namespace warmstart
