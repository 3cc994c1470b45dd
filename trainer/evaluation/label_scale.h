#pragma once

#include <optional>

#include "data/schema.h"

namespace warmstart {

// What measures know of the labels that they judge by.
struct LabelScale {
  double least = 0.0, most = 0.0;  // label_min and label_max of the schema

  // From this label on a row is relevant; none where nobody has said so and the labels do not tell by themselves.
  std::optional<double> relevant = {};

  // The label of a row that nobody has given, which is worth nothing to nDCG (gain()).
  float of_unseen() const { return static_cast<float>(least > 0.0 && most > 10.0 ? least : 0.0); }

  // Whether labels are 0 and 1, or probabilities.
  bool of_probabilities() const { return least >= 0.0 && most <= 1.0; }
};

// `relevant` as evaluate.relevant gives it; where it is none, labels of 0 and 1 are relevant from 1 on.
LabelScale label_scale(const Schema& schema, std::optional<double> relevant);

}  // namespace warmstart
