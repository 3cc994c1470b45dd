#pragma once

#include "trainer/layers/parameters.h"
#include "trainer/optimizers/adam_options.h"

namespace warmstart {

// Adam (Kingma and Ba 2015) over the flat parameters, with linear warm-up, cosine decay to
// a hundredth, and clipping by the gradient's norm.
class Adam {
 public:
  Adam(const Parameters& parameters, const AdamOptions& options, std::int64_t total_steps);

  // Updates `parameters` in place by the mean gradient [P] of meta-step `step`, counted
  // from 0.  Changes `gradient`.  Returns its norm before clipping, together with that of other parameters' gradients,
  // `other_norm`.
  double step(std::int64_t step, const at::Tensor& gradient, Parameters& parameters, double other_norm = 0.0);

  // What clipping multiplies gradients of such a norm by.
  double clipping(double norm) const;

  double rate(std::int64_t step) const;

  // Its state, [P] each.
  at::Tensor& first_moment() { return first_moment_; }
  at::Tensor& second_moment() { return second_moment_; }
  const at::Tensor& first_moment() const { return first_moment_; }
  const at::Tensor& second_moment() const { return second_moment_; }

 private:
  // Neighbours in the flat tensor that are updated alike.
  struct Segment {
    std::int64_t first, size;
    double l2, rate_factor;
  };

  AdamOptions options_;
  std::int64_t total_steps_;
  std::vector<Segment> segments_;
  at::Tensor first_moment_, second_moment_;
};

}  // namespace warmstart
