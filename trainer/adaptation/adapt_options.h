#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/options.h"
#include "trainer/layers/inner_options.h"

namespace warmstart {

enum class StageKind {
  kPrior,
  kSupportEncoder,
  kGru,
  kLstm,
  kTaskMemory,
  kSteps,
  kRidge,
  kKernel,
  kPrototypes,
};
NLOHMANN_JSON_SERIALIZE_ENUM(StageKind, {{StageKind::kPrior, "prior"},
                                         {StageKind::kSupportEncoder, "support-encoder"},
                                         {StageKind::kGru, "gru"},
                                         {StageKind::kLstm, "lstm"},
                                         {StageKind::kTaskMemory, "task-memory"},
                                         {StageKind::kSteps, "steps"},
                                         {StageKind::kRidge, "ridge"},
                                         {StageKind::kKernel, "kernel"},
                                         {StageKind::kPrototypes, "prototypes"}})

struct AdaptOptions {
  std::vector<StageKind> stages = {StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge};
  std::int64_t prior = 32;        // width of the hidden layer of `prior`, and of `task-memory`
  std::int64_t encoder = 64;      // width of `support-encoder`
  std::int64_t recurrent = 64;    // width of the hidden state of `gru` and `lstm`
  std::int64_t task_memory = 16;  // prototypes of `task-memory`
  std::int64_t kernel = 16;       // width of the points by which `kernel` compares rows
  double no_support = 0.0;        // weight, in the outer loss, of query rows as a task without support rows scores them
  double leave_one_out = 1.0;     // weight, in the outer loss, of a support row that was left out
  double likelihood = 0.3;        // weight, in the outer loss, of how likely query rows' labels were
  InnerOptions inner = {};        // of `steps`
};

void declare(Options& add, AdaptOptions& options);

}  // namespace warmstart
