#pragma once

#include "trainer/adaptation/stage.h"

namespace warmstart {

// Inner steps of gradient descent on the support's loss, of the head and, as inner.scope says, the layers (MAML, Finn
// et al. 2017; ANIL, Raghu et al. 2020; MeLU, Lee et al. 2019; rates as in Meta-SGD, Li et al. 2017).
class Steps : public Stage {
 public:
  // `rule` outlives it.
  explicit Steps(const InnerRule& rule) : rule_(rule) {}

  void apply(TaskState& state, const Support& support) const override;

 private:
  void take_all(TaskState& state, const Head& start, const Support& support) const;
  // `shares` [T, S, D + 1]: of the support rows in what the steps have changed so far; null where they are not wanted.
  void step(TaskState& state, const Head& start, const Support& support, int step, at::Tensor* shares) const;

  const InnerRule& rule_;
};

}  // namespace warmstart
