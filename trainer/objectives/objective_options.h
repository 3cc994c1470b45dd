#pragma once

#include <nlohmann/json.hpp>

#include "base/options.h"

namespace warmstart {

enum class ObjectiveKind { kSquared, kBinary };
NLOHMANN_JSON_SERIALIZE_ENUM(ObjectiveKind, {{ObjectiveKind::kSquared, "squared"}, {ObjectiveKind::kBinary, "binary"}})

struct ObjectiveOptions {
  ObjectiveKind kind = ObjectiveKind::kSquared;
  double absolute = 2.0;  // squared: weight of an added smooth absolute error, sqrt(e^2 + 0.01)
};

void declare(Options& add, ObjectiveOptions& options);

}  // namespace warmstart
