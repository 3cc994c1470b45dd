#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "trainer/layers/tensor_batch.h"
#include "trainer/objectives/objective_options.h"

namespace warmstart {

// What is predicted, and what does an error cost?  Outputs are [T, R, C], labels and masks [T, R].
class Objective {
 public:
  virtual ~Objective() = default;

  // C
  virtual std::int64_t outputs() const { return 1; }

  // The gradient, by the outputs, of the sum of the inner loss over a task's rows; 0 where padded.
  virtual at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const = 0;

  // Each task's mean outer loss: [T].
  virtual at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const = 0;

  // On the scale of the label: [T, R].
  virtual at::Tensor predicted(const at::Tensor& outputs) const = 0;

  // The labels that it takes, in words; null means every finite number.
  virtual const char* labels() const { return nullptr; }
  virtual bool takes(float /*label*/) const { return true; }
};

std::unique_ptr<Objective> make_objective(const ObjectiveOptions& options);

// Each task's mean over its rows of `losses` [T, R].
at::Tensor mean_over_rows(const at::Tensor& losses, const at::Tensor& mask);

}  // namespace warmstart
