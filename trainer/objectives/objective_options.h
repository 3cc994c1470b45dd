#pragma once

#include <nlohmann/json.hpp>

#include "base/options.h"

namespace warmstart {

enum class ObjectiveKind { kSquared, kBinary, kHuber, kPoisson };
NLOHMANN_JSON_SERIALIZE_ENUM(ObjectiveKind, {{ObjectiveKind::kSquared, "squared"},
                                             {ObjectiveKind::kBinary, "binary"},
                                             {ObjectiveKind::kHuber, "huber"},
                                             {ObjectiveKind::kPoisson, "poisson"}})

struct ObjectiveOptions {
  ObjectiveKind kind = ObjectiveKind::kSquared;
  double absolute = 2.0;     // squared: weight of an added smooth absolute error, sqrt(e^2 + 0.01)
  double huber_width = 1.0;  // huber: the error, in the label's unit, around which squared turns into absolute
};

void declare(Options& add, ObjectiveOptions& options);

}  // namespace warmstart
