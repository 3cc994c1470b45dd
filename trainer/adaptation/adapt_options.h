#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/options.h"
#include "trainer/layers/inner_options.h"

namespace warmstart {

enum class StageKind { kPrior, kSteps, kPrototypes };
NLOHMANN_JSON_SERIALIZE_ENUM(StageKind, {{StageKind::kPrior, "prior"},
                                         {StageKind::kSteps, "steps"},
                                         {StageKind::kPrototypes, "prototypes"}})

struct AdaptOptions {
  std::vector<StageKind> stages = {StageKind::kPrior, StageKind::kSteps};
  std::int64_t prior = 32;  // width of the hidden layer of `prior`
  InnerOptions inner = {};  // of `steps`
};

void declare(Options& add, AdaptOptions& options);

}  // namespace warmstart
