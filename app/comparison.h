#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "trainer/evaluation/evaluation.h"

namespace warmstart {

// The results of one recommender after the other, on the tasks of the test split.
class Comparison {
 public:
  Comparison(const Dataset& dataset, const EvaluationOptions& options, Communicator& group);

  // Collective.  Throws AgreedError kDiverged naming the first task whose error is not finite.
  std::vector<EvaluationResult> judge(const std::string& name, const Recommender& recommender);
  void note(const std::string& key, const nlohmann::json& value) { protocol_[key] = value; }

  nlohmann::json json() const;

  // One block a measure: recommenders down, support sizes across.
  std::string table() const;

 private:
  template <typename Value>
  std::string block(const char* measure, const Value& value_of) const;
  void refuse_not_finite(const std::string& name, const EvaluationResult& result) const;

  const Dataset& dataset_;
  Evaluation test_;
  EvaluationOptions options_;
  nlohmann::json protocol_;
  std::vector<std::pair<std::string, EvaluationResult>> rows_;
};

}  // namespace warmstart
