// A trained model as graphs of plain operators, by tracing the code that trained it.

#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <array>

#include "serving/catalogue.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// What an exported graph does.
enum class GraphKind {
  kModel,   // support and candidates -> scores, outputs, deviations, prior, influences
  kAdapt,   // support -> the task's memory
  kScore,   // memory and candidates -> scores, outputs, deviations
  kUpdate,  // memory and one more row -> memory, each part's name behind kUpdated; where the method can
  kRank,    // memory and kTop -> the best entities of the catalogue, with their scores, outputs, deviations
};
inline constexpr std::array kAllGraphs = {GraphKind::kModel, GraphKind::kAdapt, GraphKind::kScore, GraphKind::kUpdate,
                                          GraphKind::kRank};
constexpr const char* kUpdated = "updated.";
constexpr const char* kTop = "top";            // int64 [1]: how many; more than there are means all
constexpr const char* kEntities = "entities";  // int64 [tasks, top]: rows of the catalogue, from 0 on
const char* suffix_of(GraphKind kind);         // of its name: "", "-adapt", "-score", "-update", "-rank"

// What a graph says, in its order.
using NamedOutputs = std::vector<std::pair<std::string, at::Tensor>>;
NamedOutputs outputs_of(const Learner::Answer& answer);

// An input or output by name.
struct GraphValue {
  std::string name;
  bool is_ids = false;
  std::vector<std::string> sizes;  // a free one's name, or a number
};

// Whether a size is free, rather than a number.
inline bool is_free(const std::string& size) { return size.find_first_not_of("0123456789") != std::string::npos; }

struct TracedModel {
  GraphKind kind;
  std::shared_ptr<torch::jit::Graph> graph;  // its inputs and outputs are these, in order
  std::vector<GraphValue> inputs, outputs;
};

// Lets each of a model's parameters be its value alone, in memory of its own, as a graph's constants are: a BLAS may
// take another way, to other bits, by where its operands begin.  The model cannot be trained any more.
void keep_values_alone(Learner& model);

// The graphs of a model, in the order of their kinds; kRank where there is a catalogue, whose entities must be such
// that they can be encoded.  Inputs that make no difference are left out.  Its parameters are kept by their values
// alone.
std::vector<TracedModel> trace(Learner& model, const Catalogue* ranked = nullptr);

}  // namespace warmstart
