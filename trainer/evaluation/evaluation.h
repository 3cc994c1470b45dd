#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "data/batch.h"
#include "trainer/evaluation/calibration.h"
#include "trainer/evaluation/evaluation_options.h"
#include "trainer/evaluation/measure.h"
#include "trainer/evaluation/metrics.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

struct EvaluationResult {
  std::string support;  // rows, or "all"
  std::int64_t tasks = 0;
  TaskMetrics mean;                             // over tasks
  std::optional<double> log_loss = {};          // over tasks, where labels are binary
  std::optional<Calibration> calibration = {};  // over tasks, where the recommender tells distributions
  std::optional<std::int64_t> not_finite = {};  // the first task with a measure that is not finite
};

// Judges recommenders on the tasks of one split, over all ranks.  Results do not depend on
// the number of ranks: each task is computed whole by one of them, and means are taken in
// the order of the tasks.
class Evaluation {
 public:
  // Tasks without a row beside the query are left out; throws DataError when none is left.
  Evaluation(const Dataset& dataset, Split split, const EvaluationOptions& options, Communicator& group);

  std::int64_t tasks() const { return static_cast<std::int64_t>(tasks_.size()); }

  // Collective.  One result for each support size, the same on every rank.
  std::vector<EvaluationResult> run(const Recommender& recommender) const;

  // Collective.  The mean over the support sizes.
  double mean(const Recommender& recommender, Measure measure) const;

 private:
  std::optional<std::int64_t> first_not_finite(const at::Tensor& values) const;  // values [tasks, measures]
  EvaluationResult result_of(const std::string& support, const at::Tensor& values, bool tells_distributions) const;
  void judge_batch(const Recommender& recommender, std::size_t batch, std::uint32_t support,
                   const at::Tensor& values) const;

  const Dataset& dataset_;
  EvaluationOptions options_;
  Communicator& group_;
  std::vector<std::int64_t> tasks_;
  std::vector<std::vector<std::size_t>> batches_;  // places in tasks_, of similar length
};

// A measure's value, and its mean over the support sizes.  Throw std::bad_optional_access for the log-loss of labels
// that are not binary, which check(Measure, ..) refuses.
double value_of(const EvaluationResult& result, Measure measure);
double mean_over_supports(const std::vector<EvaluationResult>& results, Measure measure);

// {"model": ..., "support": 5 or "all", "tasks": ..., "mae": ..., ...}
nlohmann::json to_json(const std::string& model, const EvaluationResult& result);

}  // namespace warmstart
