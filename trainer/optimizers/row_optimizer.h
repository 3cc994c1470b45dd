#pragma once

#include "trainer/optimizers/adam_options.h"
#include "trainer/optimizers/sharding_options.h"
#include "trainer/tables/row_gradients.h"

namespace warmstart {

// Updates the rows of sharded tables that a meta-step has looked up, and no others; what it keeps lies beside each row.
// With g the clipped gradient plus the L2 penalty's:
//
//   lazy-adam        m = b1^d m + (1 - b1) g,  v = b2^d v + (1 - b2) g^2,  where the row was last touched d steps ago;
//                    x -= rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)  (Kingma and Ba 2015, whose moments
//                    these are; what Adam would have moved the row in the steps between is left out)
//   rowwise-adagrad  G += mean of g^2 over the row,  x -= rate g / (sqrt(G) + epsilon)  (Duchi et al. 2011, of a row)
//   sgd              x -= rate g
class RowOptimizer {
 public:
  // Makes room beside the rows.  `tables` outlives it.
  RowOptimizer(ShardedTables& tables, const ShardingOptions& options, const AdamOptions& adam);

  // By the gradients of meta-step `step`, counted from 0, times `scale`; `schedule` is the share of its own rate that
  // the outer rate has of train.rate.
  void update(const std::vector<RowGradient>& gradients, std::int64_t step, double schedule, double scale) const;

 private:
  void lazy_adam(const RowGradient& gradient, std::int64_t step, double rate, float scale, float l2) const;
  void rowwise_adagrad(const RowGradient& gradient, std::int64_t step, double rate, float scale, float l2) const;

  ShardingOptions options_;
  AdamOptions adam_;
  std::vector<double> first_powers_, second_powers_;  // of beta1 and beta2, of small exponents
};

// Takes `rate` times the gradients of meta-step `step`, counted from 0, off the rows.
void subtract(const std::vector<RowGradient>& gradients, std::int64_t step, double rate);

}  // namespace warmstart
