#pragma once

#include "serving/catalogue.h"
#include "serving/torchscript.h"

namespace warmstart {

// The three graphs of a model as something can run them, with what turns raw keys into requests.
class ServedModel {
 public:
  ServedModel(const Catalogue& catalogue, std::vector<const TorchScript*> graphs)
      : catalogue_(catalogue), graphs_(std::move(graphs)) {}

  // One of the task's candidates, by its place among them.
  struct Ranked {
    std::size_t candidate;
    float score, output;
    std::optional<float> deviation;
  };
  // The `top` highest outputs, the highest first; of equal ones, the first candidate.  Takes the candidates in pieces.
  std::vector<Ranked> rank(const RequestTask& task, std::size_t top) const {
    return rank(memory(task), task.candidates, top);
  }
  // The same in two calls: what the task's support rows leave, which can be kept, and the candidates.
  NamedValues memory(const RequestTask& task) const;
  std::vector<Ranked> rank(const NamedValues& memory, const std::vector<RequestRow>& candidates, std::size_t top) const;

  // Why the task's candidates have their outputs: a sum of the first three.
  struct Explanation {
    float prior;                    // what a task without support rows would get
    std::vector<float> influences;  // of each support row
    float unexplained;
    std::vector<float> fields;  // by the candidate's fields but the key: how much lower the output is without each
  };
  std::vector<Explanation> explain(const RequestTask& task) const;

 private:
  NamedValues run(GraphKind kind, const NamedValues& values) const {
    return graphs_[static_cast<std::size_t>(kind)]->run(values);
  }

  const Catalogue& catalogue_;
  std::vector<const TorchScript*> graphs_;
};

}  // namespace warmstart
