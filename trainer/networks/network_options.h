#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/options.h"

namespace warmstart {

enum class NetworkKind { kTwoTower, kMlp, kMf, kContent, kDeepFm, kDin, kEntityTowers };
NLOHMANN_JSON_SERIALIZE_ENUM(NetworkKind, {{NetworkKind::kTwoTower, "two-tower"},
                                           {NetworkKind::kMlp, "mlp"},
                                           {NetworkKind::kMf, "mf"},
                                           {NetworkKind::kContent, "content"},
                                           {NetworkKind::kDeepFm, "deepfm"},
                                           {NetworkKind::kDin, "din"},
                                           {NetworkKind::kEntityTowers, "entity-towers"}})

struct NetworkOptions {
  NetworkKind kind = NetworkKind::kTwoTower;
  std::int64_t embedding = 64;             // width of a row's embedding
  std::vector<std::int64_t> tower = {64};  // widths of the hidden layers
  std::int64_t features = 48;              // width of the features that the head weighs
};

void declare(Options& add, NetworkOptions& options);

}  // namespace warmstart
