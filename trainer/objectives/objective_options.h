#pragma once

#include <nlohmann/json.hpp>

#include "base/options.h"

namespace warmstart {

enum class ObjectiveKind { kSquared, kBinary, kHuber, kPoisson, kClasses, kPairwise, kListwise };
NLOHMANN_JSON_SERIALIZE_ENUM(ObjectiveKind, {{ObjectiveKind::kSquared, "squared"},
                                             {ObjectiveKind::kBinary, "binary"},
                                             {ObjectiveKind::kHuber, "huber"},
                                             {ObjectiveKind::kPoisson, "poisson"},
                                             {ObjectiveKind::kClasses, "classes"},
                                             {ObjectiveKind::kPairwise, "pairwise"},
                                             {ObjectiveKind::kListwise, "listwise"}})

// Whether it is the order of a task's rows that is learned: outputs are on no scale of labels, and what an output costs
// depends on the task's other rows.
inline bool ranks(ObjectiveKind objective) {
  return objective == ObjectiveKind::kPairwise || objective == ObjectiveKind::kListwise;
}

struct ObjectiveOptions {
  ObjectiveKind kind = ObjectiveKind::kSquared;
  double absolute = 2.0;              // squared: weight of an added smooth absolute error, sqrt(e^2 + 0.01)
  double huber_width = 1.0;           // huber: the error, in the label's unit, around which squared turns into absolute
  double listwise_temperature = 1.0;  // listwise: what labels are divided by in their softmax
  std::int64_t classes = 5;           // classes: how many
};

void declare(Options& add, ObjectiveOptions& options);

}  // namespace warmstart
