#pragma once

#include <nlohmann/json.hpp>

#include "trainer/cost/expected_draws.h"
#include "trainer/cost/step_cost.h"
#include "trainer/training/training_memory.h"

namespace warmstart {

// What a run would take on some numbers of ranks.  Opens a data set's counts, and makes nothing.
class RunPlan {
 public:
  // Throws UsageError where machine.ranks are more than the run can have.  The references outlive it.
  RunPlan(const Dataset& dataset, const ModelOptions& model, const TrainOptions& options, const MachineOptions& machine,
          bool on_cpu);

  // A meta-step's shape on so many ranks.
  StepShape shape(int ranks) const;

  // A delta to a checkpoint with all rows, so many meta-steps later (train.full-checkpoint-every).  For sharded tables
  // that do not grow.
  struct Delta {
    ExpectedLookups rows;  // that have changed, of the tables with ids of each kind
    double bytes;
  };
  Delta delta(std::int64_t steps) const;

  // All of it: members parameters, tables, step, ranks (a list), host_bytes, checkpoint_bytes, disk_bytes, assumes; and
  // delta, the largest one, where there are such and train.checkpoint-every says after how many meta-steps.
  nlohmann::json facts() const;

  // Throws UsageError with the figures where the memory or the disk has no room for any of the numbers of ranks.
  void require_fit() const;

 private:
  bool fits(int ranks, int here) const;
  nlohmann::json facts_of_delta() const;
  nlohmann::json facts_of(int ranks) const;
  std::vector<std::string> assumptions() const;

  const Dataset& dataset_;
  const TrainOptions& options_;
  MachineOptions machine_;
  Learner model_;
  bool keeps_best_, shares_rows_;
  ExpectedDraws draws_;
  std::vector<int> ranks_;
};

}  // namespace warmstart
