#pragma once

#include <functional>
#include <set>

#include "serving/catalogue.h"
#include "serving/model_functions.h"

namespace warmstart {

// The functions of a model, with what turns raw keys into requests.
class ServedModel {
 public:
  static constexpr std::size_t kScoredAtOnce = 4096;  // candidates

  // kModel, kAdapt, kScore and, where there is one, kRank.
  ServedModel(const Catalogue& catalogue, ModelFunctions functions)
      : catalogue_(catalogue), functions_(std::move(functions)) {}

  // One of the task's candidates, or of the catalogue's entities, by its place among them.
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

  // The same of the catalogue's entities, told by their own fields, without those `left_out`: in one product where
  // there is such a graph.
  std::vector<Ranked> rank_catalogue(const NamedValues& memory, std::size_t top,
                                     const std::set<std::size_t>& left_out) const;

  // The same without that product, and part after part: the best of those before, and of the entities from `first` to
  // before `end` of those that are not left out.  A part ends behind whole pieces of kScoredAtOnce, or is the last one.
  std::vector<Ranked> rank_part(const NamedValues& memory, std::size_t top, const std::set<std::size_t>& left_out,
                                std::size_t first, std::size_t end, std::vector<Ranked> before = {}) const;

  // Why the task's candidates have their outputs: a sum of the first three.
  struct Explanation {
    float prior;                    // what a task without support rows would get
    std::vector<float> influences;  // of each support row
    float unexplained;
    std::vector<float> fields;  // by the candidate's fields but the key: how much lower the output is without each
  };
  std::vector<Explanation> explain(const RequestTask& task) const;

 private:
  std::vector<Ranked> rank(const NamedValues& memory, const std::vector<std::size_t>& numbers,
                           const std::function<RequestRow(std::size_t)>& row, std::size_t top,
                           std::vector<Ranked> before) const;
  std::vector<Ranked> best_of_catalogue(NamedValues memory, std::size_t top) const;
  NamedValues run(GraphKind kind, const NamedValues& values) const { return functions_.at(kind)(values); }

  const Catalogue& catalogue_;
  ModelFunctions functions_;
};

}  // namespace warmstart
