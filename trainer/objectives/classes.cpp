#include "trainer/objectives/classes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/softmax.h"

namespace warmstart {

at::Tensor Classes::of_labels(const RowTensors& labels) const {
  const auto classes = at::arange(classes_, labels.label.options());
  return labels.label.unsqueeze(2).eq(classes).to(labels.label.scalar_type());
}

at::Tensor Classes::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  return (softmax(outputs) - of_labels(labels)) * labels.mask.unsqueeze(2);
}

at::Tensor Classes::inner_curvature(const at::Tensor&, const RowTensors& labels) const {
  return 0.5 * labels.mask.unsqueeze(2);
}

at::Tensor Classes::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  // What the loss does not depend on, and its exponentials would overflow by.
  const auto largest = outputs.detach().amax(2, true);
  const auto shifted = outputs - largest;
  const auto of_label = (shifted * of_labels(labels)).sum(2);
  return mean_over_rows(at::log(exp_by_element(shifted).sum(2)) - of_label, labels.mask);
}

at::Tensor Classes::predicted(const at::Tensor& outputs) const { return outputs.argmax(2).to(outputs.scalar_type()); }

// No class comes first.
std::optional<double> Classes::start(double /*mean_label*/) const { return 0.0; }

std::string Classes::labels() const { return fmt::format("whole numbers from 0 to {} (model.classes)", classes_ - 1); }

bool Classes::takes(float label) const {
  return label >= 0 && label < static_cast<float>(classes_) && label == std::floor(label);
}

}  // namespace warmstart
