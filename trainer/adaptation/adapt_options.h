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

// How a task's state and a row's features become outputs.
enum class ReadoutKind { kLinear, kMatching, kSiamese };
NLOHMANN_JSON_SERIALIZE_ENUM(ReadoutKind, {{ReadoutKind::kLinear, "linear"},
                                           {ReadoutKind::kMatching, "matching"},
                                           {ReadoutKind::kSiamese, "siamese"}})

// Of the loss that teaches the readout siamese its distances.
struct ContrastOptions {
  double weight = 1.0;  // in the outer loss, beside the query's
  double margin = 1.0;  // distance, in the features' unit, from which on rows of two kinds cost nothing
  double alike = 0.0;   // by how much the labels of rows of a kind may differ
};

struct AdaptOptions {
  std::vector<StageKind> stages = {StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge};
  ReadoutKind readout = ReadoutKind::kLinear;
  int full_context = 0;           // steps by which `matching` sees a query row in the support's context; 0: not at all
  bool modulation = false;        // stages that write a head write gains and shifts of hidden layers, too
  std::int64_t prior = 32;        // width of the hidden layer of `prior`, and of `task-memory`
  std::int64_t encoder = 64;      // width of `support-encoder`
  std::int64_t recurrent = 64;    // width of the hidden state of `gru` and `lstm`
  std::int64_t task_memory = 16;  // prototypes of `task-memory`
  std::int64_t kernel = 16;       // width of the points by which `kernel` compares rows
  double no_support = 0.0;        // weight, in the outer loss, of query rows as a task without support rows scores them
  double leave_one_out = 1.0;     // weight, in the outer loss, of a support row that was left out
  double likelihood = 0.3;        // weight, in the outer loss, of how likely query rows' labels were
  bool row_noise = false;         // closed forms weigh support rows by the inverse of their noise, where it is learned
  bool score_feature = true;      // closed forms see a row's score before the head as a feature; not of classes
  bool wide_input = true;         // with `kernel` stages compare rows by their features, too
  ContrastOptions contrast = {};
  InnerOptions inner = {};  // of `steps`
};

void declare(Options& add, AdaptOptions& options);

}  // namespace warmstart
