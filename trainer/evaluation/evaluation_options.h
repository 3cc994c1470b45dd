#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/episode_options.h"
#include "trainer/evaluation/candidates.h"
#include "trainer/evaluation/measure.h"
#include "trainer/evaluation/query_size.h"

namespace warmstart {

class Options;

struct EvaluationOptions {
  std::vector<std::string> support = {"0", "1", "3", "5", "10", "all"};  // support sizes, in rows
  QuerySize query = 10;                                                  // rows that judge
  std::int64_t ways = 5, episodes = 600;  // of tasks of classes, whose support and query are rows of each class
  RowOrder order = RowOrder::kTime;       // the last rows by time judge, or a seeded choice
  // Table of the episodes that judge in place of the test tasks; none where it is empty.
  std::filesystem::path episodes_from = {};
  Candidates candidates = {};  // what the query rows are judged among
  std::uint64_t seed = 0;
  std::optional<double> relevant = {};  // the label from which on a row is relevant to measures of ranking; none:
                                        // labels of 0 and 1 from 1 on
  std::vector<Measure> measures = {};   // that evaluate computes and shows; none: the usual ones
  std::int64_t resamples = 1000;        // of the tasks, for intervals; 0: none are made
  bool slices = false;                  // whether row-wise measures are told by the popularity of entities, too
  bool baselines = true;                // whether baselines are fitted and judged beside the model
};

// The section evaluate.
void declare(Options& add, EvaluationOptions& options);

// Throws UsageError when the support sizes are none, or one of them is no size or stands twice, or a measure does.
void check(const EvaluationOptions& options);

// Throws UsageError where a measure says nothing of query rows among these candidates, or of labels of this scale.
void check(const Measure& measure, const EvaluationOptions& options, const LabelScale& scale);

// What evaluate's tables show: the chosen measures; or mae, rmse, ndcg@1 and ndcg@5; or among other candidates than the
// rows themselves recall@10, ndcg@10, mrr and, among all of them, coverage@10 and novelty@10.
std::vector<Measure> shown_measures(const EvaluationOptions& options);

// What its JSON holds: the chosen measures, or mse, ndcg@3 and, of labels that take it, log-loss beside those shown.
std::vector<Measure> computed_measures(const EvaluationOptions& options, const LabelScale& scale);

// A support size in rows: more than a task has for "all".  Throws UsageError for what is no size.
std::uint32_t rows_of(const std::string& support);

}  // namespace warmstart
