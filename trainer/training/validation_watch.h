// Which parameters of a run are best on the validation tasks, and whether it still gets better.

#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "trainer/evaluation/evaluation.h"
#include "trainer/layers/parameters.h"
#include "trainer/learner/learner.h"
#include "trainer/tables/sharded_tables.h"

namespace warmstart {

struct ValidationOptions {
  EvaluationOptions evaluation;
  Measure measure;        // tells which parameters are best
  bool keep_best = true;  // remember the best parameters, not only when they were
  // The model, where it is a learner that scores all entities by their encodings; else null.  It outlives the watch.
  const Learner* by_encodings = nullptr;
  std::int64_t patience = 0;  // validations without a better one before the run is over; 0: it never is
};

// What one validation has found; the same on every rank.
struct Validation {
  std::optional<double> value;  // of the measure; none when it is not finite, or no task defines it
  bool best = false;            // better than all before
  std::string warning;          // of such a value
};

class ValidationWatch {
 public:
  // Watches `model`, whose parameters are `parameters` and `tables`, unless the data set has no validation tasks and
  // nothing hangs on them.  Throws what Evaluation throws, and UsageError for a measure that the labels do not take.
  ValidationWatch(const Recommender& model, Parameters& parameters, ShardedTables& tables, const Dataset& dataset,
                  const ValidationOptions& options, Communicator& group);

  // 0: the run is watched by none.
  std::int64_t tasks() const { return evaluation_ ? evaluation_->tasks() : 0; }
  Measure measure() const { return options_.measure; }
  double seconds() const { return seconds_; }  // spent in validate()

  // Collective.  Judges the parameters as they are after `step` meta-steps, where there are tasks.
  Validation validate(std::int64_t step);

  // The best value and the meta-steps before it; 0, 0 before the first finite one.
  double best_value() const { return best_value_; }
  std::int64_t best_step() const { return best_step_; }
  bool patience_is_over() const { return options_.patience > 0 && without_better_ >= options_.patience; }

  // That support makes the best parameters worse, if it does and they were found by this process.
  std::string warning_of_best() const;
  // Makes the best parameters, where they are kept, the model's.
  void take_best();

  // Its share of a checkpoint of `checkpoint.step`.
  void save(Checkpoint& checkpoint) const;
  void restore(const Checkpoint& checkpoint);

 private:
  std::vector<EvaluationResult> results();
  void hold(const std::vector<at::Tensor>& ids);
  void note_best(std::int64_t step, double value, const std::vector<EvaluationResult>& results);
  std::string not_finite(std::int64_t step, const std::vector<EvaluationResult>& results) const;

  const Recommender& model_;
  Parameters& parameters_;
  ShardedTables& tables_;
  const Dataset& dataset_;
  ValidationOptions options_;
  Communicator& group_;
  std::vector<at::Tensor> looked_up_;  // ids of sharded tables, once they are known
  std::optional<Evaluation> evaluation_;
  double best_value_ = 0.0;
  std::int64_t best_step_ = 0, without_better_ = 0;
  at::Tensor best_;                             // the best parameters; undefined: there are none
  std::vector<EvaluationResult> best_results_;  // of the best validation since this process began
  std::int64_t newest_step_ = -1;               // the last validation's, or where a checkpoint left off
  std::optional<double> newest_value_;
  double seconds_ = 0.0;
};

}  // namespace warmstart
