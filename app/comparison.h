#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "trainer/evaluation/measurement.h"
#include "trainer/evaluation/paired_difference.h"
#include "trainer/evaluation/popularity_slices.h"

namespace warmstart {

// The results of one recommender after the other, on the tasks of the test split.
class Comparison {
 public:
  // Throws what Evaluation throws, and UsageError for a measure that the labels do not take.
  Comparison(const Dataset& dataset, const EvaluationOptions& options, Communicator& group);

  // What judges.
  const Evaluation& evaluation() const { return test_; }

  // Tells what is judged from now on by the popularity of entities, too; `training_rows` are those of each entity.
  void slice_by(const std::vector<std::int64_t>& training_rows);

  // Collective.  Where it takes long, the first rank says on stderr how far it is.  Throws AgreedError kDiverged naming
  // the first task whose error is not finite.
  std::vector<EvaluationResult> judge(const std::string& name, const Recommender& recommender);
  // What judge() has found of two recommenders, task by task.
  void pair(const std::vector<EvaluationResult>& results, const std::vector<EvaluationResult>& others);
  void note(const std::string& key, const nlohmann::json& value) { protocol_[key] = value; }

  nlohmann::json json() const;

  // One block a measure: recommenders down, support sizes across; behind them the slices and the pairs' differences.
  std::string table() const;

 private:
  struct Row {
    std::string model, support;
    std::vector<Measurement> measurements;  // in the order of measures_
    std::optional<Calibration> calibration;
    std::array<std::vector<double>, PopularitySlices::kCount> slices;  // of sliced_
  };
  template <typename Value>
  std::string block(const std::string& title, const Value& value_of) const;
  std::string intervals_of(std::size_t measure) const;
  std::string defined_for(std::size_t measure) const;
  std::string pairs() const;
  bool is_listed() const { return !options_.episodes_from.empty(); }
  nlohmann::json query_in_protocol() const;
  void note_list();
  std::string query_rows() const;
  std::string that_judge() const;
  std::string judged() const;
  std::string among_candidates() const;
  std::string slices() const;
  nlohmann::json json_of(const Row& row) const;
  void refuse_not_finite(const std::string& name, const EvaluationResult& result) const;

  const Dataset& dataset_;
  Evaluation test_;
  EvaluationOptions options_;
  bool tells_;                     // how far it is
  std::vector<Measure> measures_;  // the first of them are shown
  std::vector<Measure> sliced_;    // those of the shown ones that are told by slices
  PopularitySlices slices_;
  nlohmann::json protocol_;
  std::vector<Row> rows_;
  std::vector<PairedDifference> pairs_;
};

}  // namespace warmstart
