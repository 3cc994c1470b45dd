#pragma once

#include <algorithm>
#include <vector>

#include "trainer/learner/methods.h"

namespace warmstart {

// What tests of every method go through: all of `warmstart methods` with squared and binary objectives, and of the
// others, which differ in nothing that a network sees, those with one network.
inline std::vector<ModelOptions> tried_methods() {
  auto methods = all_methods();
  std::erase_if(methods, [](const ModelOptions& method) {
    const auto objective = method.objective.kind;
    const bool is_first = objective == ObjectiveKind::kSquared || objective == ObjectiveKind::kBinary;
    return !is_first && method.network.kind != NetworkKind::kTwoTower;
  });
  return methods;
}

}  // namespace warmstart
