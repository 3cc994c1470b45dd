#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

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

  // Its second derivative by each output, or what bounds the loss from above as one; above 0 for every row and 0 where
  // padded: [T, R, C].  Of an objective that ranks() rows it says nothing: a row's derivative is no row's own.
  virtual at::Tensor inner_curvature(const at::Tensor& /*outputs*/, const RowTensors& /*labels*/) const {
    throw std::logic_error("an objective of a task's rows together was asked for the curvature of each");
  }

  // Whether the curvature is the same at all outputs, and for each of them.
  virtual bool has_constant_curvature() const { return false; }

  // Newton's steps that find the least inner loss of a linear head, near enough.
  virtual int newton_steps() const { return 1; }

  // Whether the inner loss is that of labels with normal noise around the outputs.
  virtual bool has_normal_noise() const { return false; }

  // Each task's mean outer loss: [T].
  virtual at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const = 0;

  // On the scale of the label, or, of an objective that ranks() rows, scores on none: [T, R].
  virtual at::Tensor predicted(const at::Tensor& outputs) const = 0;

  // Where outputs start, which are not on the scale of the label, when labels have this mean.
  virtual std::optional<double> start(double /*mean_label*/) const { return std::nullopt; }

  // The labels that it takes, in words; empty means every finite number.
  virtual std::string labels() const { return {}; }
  virtual bool takes(float /*label*/) const { return true; }
};

std::unique_ptr<Objective> make_objective(const ObjectiveOptions& options);

// Each task's mean over its rows of `losses` [T, R]; 0 where it has none.
at::Tensor mean_over_rows(const at::Tensor& losses, const at::Tensor& mask);

// Of two means [T], each over the rows of a mask [T, R], that over the rows of both; those of `b` count `weight` times.
at::Tensor mean_of_both(const at::Tensor& a, const at::Tensor& a_mask, const at::Tensor& b, const at::Tensor& b_mask,
                        double weight);

}  // namespace warmstart
