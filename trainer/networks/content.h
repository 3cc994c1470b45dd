// The base learner `content`: a factorisation machine of second order (Rendle 2010) over a row's fields.
//
// With the vectors v_f of a row's fields f, which are weighted sums of their ids' embeddings (all dense fields make
// one, by a linear map), and the task's weights (w1, w2),
//
//   output = linear terms + w1 . sum_f v_f + w2 . sum_{f < g} v_f v_g + b
//
// where products are element by element.  w1 is the task's own vector among the fields', whose pairs with them it
// makes; w2 says what pairs of fields are worth to the task.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class Content : public Network {
 public:
  explicit Content(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return 2 * width_; }
  std::optional<std::int64_t> inputs() const override { return width_; }
  const char* score_bias() const override { return "linear.input.bias"; }

 private:
  std::int64_t width_;
  FieldLayers fields_;
  LinearLayers linear_;
};

}  // namespace warmstart
