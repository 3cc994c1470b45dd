#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "trainer/layers/adaptation.h"

namespace warmstart {

enum class Loss { kSquared, kBinary };

// The names of these in configurations and checkpoints.
NLOHMANN_JSON_SERIALIZE_ENUM(Loss, {{Loss::kSquared, "squared"}, {Loss::kBinary, "binary"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Scope, {{Scope::kHead, "head"}, {Scope::kDense, "dense"}, {Scope::kAll, "all"}})
NLOHMANN_JSON_SERIALIZE_ENUM(InnerRates, {{InnerRates::kFixed, "fixed"},
                                          {InnerRates::kPerLayer, "per-layer"},
                                          {InnerRates::kPerParameter, "per-parameter"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Form,
                             {{Form::kAuto, "auto"}, {Form::kActivations, "activations"}, {Form::kWeights, "weights"}})

struct ModelOptions {
  std::int64_t embedding = 64;             // width of x
  std::vector<std::int64_t> tower = {64};  // widths of the hidden layers
  std::int64_t features = 48;              // width of h
  std::int64_t prior = 32;                 // width of the task network's hidden layer
  Loss loss = Loss::kSquared;
  double absolute = 2.0;  // squared loss: weight of an added smooth absolute error, sqrt(e^2 + 0.01)
  InnerOptions inner = {};
};

// Throws UsageError naming the first option that makes no sense.
void check(const ModelOptions& options);

nlohmann::json to_json(const ModelOptions& options);

// Throws DataError when a key is missing, of another type, or holds a value that this version does not know.
ModelOptions model_options_from_json(nlohmann::json json);

}  // namespace warmstart
