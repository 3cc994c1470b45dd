#include "trainer/evaluation/label_scale.h"

namespace warmstart {

LabelScale label_scale(const Schema& schema, std::optional<double> relevant) {
  LabelScale scale{schema.label_min, schema.label_max, relevant};
  if (!relevant && scale.of_probabilities()) scale.relevant = 1.0;
  return scale;
}

}  // namespace warmstart
