// What a meta-step draws of the training tasks, in expectation, from a data set's counts alone: no task is read.
//
// Of N training rows a share of n is drawn, as if each row were drawn by itself: an id with c rows is missed with
// probability (1 - n / N)^c.

#pragma once

#include <vector>

#include "data/dataset.h"
#include "data/episode_options.h"
#include "trainer/layers/table_declaration.h"

namespace warmstart {

// Distinct ids that a rank's rows or tasks have, by their kind.
struct ExpectedLookups {
  double keys = 0.0, rows = 0.0, tasks = 0.0;
  double operator[](IdsOf ids) const { return ids == IdsOf::kKeys ? keys : ids == IdsOf::kRows ? rows : tasks; }
};

class ExpectedDraws {
 public:
  // Of meta-steps of `tasks` tasks.  `dataset` outlives it.
  ExpectedDraws(const Dataset& dataset, const EpisodeOptions& options, std::int64_t tasks);

  double rows_of_task() const;  // of support and query, negatives among them
  double entities() const;      // distinct ones of a meta-step
  double longest() const;       // the longest support of a meta-step and its longest query, together

  // What a rank of `ranks` looks up; `shares_rows`: it encodes its share of the meta-step's distinct rows, not its
  // tasks' own (trainer/training/microbatch_form.h).
  ExpectedLookups lookups(int ranks, bool shares_rows) const;

  // Distinct ids that all ranks have looked up after so many meta-steps, each of which draws by itself.
  ExpectedLookups looked_up_after(std::int64_t steps) const;

 private:
  // Some of the meta-steps: one support size may be common to all tasks of one.
  struct Draw {
    double share, rows, negatives, longest_support, longest_query;
  };
  double rows_drawn() const;                                    // of a task, without negatives
  Draw drawn(double share, std::int64_t common_support) const;  // -1: each task draws its own
  std::vector<double> reached(const Draw& draw, double tasks) const;
  ExpectedLookups lookups(const Draw& draw, int ranks, bool shares_rows) const;
  double ids_of_entities(const std::vector<double>& reached, int slices) const;
  double ids_of(FieldOwner owner, double drawn_share, double times = 1.0) const;

  const Dataset& dataset_;
  const EpisodeOptions options_;
  double tasks_;
  std::vector<std::int64_t> training_tasks_, entity_rows_;
  double training_rows_ = 0.0, unknown_rows_ = 0.0;
  std::vector<double> negative_share_;  // of the entities, among drawn negatives
  std::vector<Draw> draws_;
};

}  // namespace warmstart
