#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/communicator.h"
#include "data/batch.h"
#include "trainer/evaluation/calibration.h"
#include "trainer/evaluation/evaluation_episodes.h"
#include "trainer/evaluation/judged_rows.h"
#include "trainer/evaluation/ranked_rows.h"
#include "trainer/evaluation/recommender.h"
#include "trainer/evaluation/statistic.h"

namespace warmstart {

class CatalogueRanking;

struct EvaluationResult {
  std::string support;  // rows, or "all"
  JudgedRows rows;
  std::optional<RankedRows> ranked = {};  // where the candidates are all entities
  LabelScale scale;
  std::optional<Calibration> calibration = {};  // mean over tasks, where the recommender tells distributions
  std::optional<std::int64_t> not_finite = {};  // the first task with a prediction that is not finite
};

// Told after each batch of this rank's tasks: how many it has judged by now, those of each support size counted apart,
// and how many there are.
using EvaluationProgress = std::function<void(std::int64_t done, std::int64_t all)>;

// Judges recommenders on the tasks of one split, over all ranks.  Results do not depend on
// the number of ranks: each task is computed whole by one of them, and all have the rows of all
// tasks, in the order of the tasks, when they are measured.  Whatever options.episodes_from lists is judged in place of
// the test tasks; of other splits it says nothing.
class Evaluation {
 public:
  // Throws what make_evaluation_episodes() throws.
  Evaluation(const Dataset& dataset, Split split, const EvaluationOptions& options, Communicator& group);

  // Rows of a task, or of each of its classes, that judge; none where tasks have different numbers of them.
  std::optional<std::int64_t> query() const { return episodes_->query(); }
  std::int64_t tasks() const { return static_cast<std::int64_t>(episodes_->count()); }
  const LabelScale& scale() const { return scale_; }
  // Whether the candidates are all entities.
  bool ranks_all() const { return options_.candidates.kind == Candidates::Kind::kAll; }
  // The entity of each query row that is not drawn, task by task.
  std::vector<std::uint32_t> query_entities() const;

  // Calls see(batch) for each batch of this rank's tasks, with their support rows of each size and their query rows.
  void for_each_batch(const std::function<void(const EpisodeBatch& batch)>& see) const;

  // Collective.  One result for each support size, the same on every rank.
  std::vector<EvaluationResult> run(const Recommender& recommender, const EvaluationProgress& progress = {}) const;

  // Collective.  The mean over the support sizes.
  double mean(const Recommender& recommender, const Measure& measure) const;

 private:
  struct Gathered {
    at::Tensor labels, predicted;  // float32 [rows_.rows()]
    at::Tensor scores;             // float32 [rows_.rows()]
    at::Tensor calibration;        // float64 [tasks, Calibration::kCount]
    at::Tensor places, lists;      // int64 [rows_.rows()], [tasks, listed]
  };
  Gathered nothing_gathered() const;
  std::vector<std::size_t> own_batches() const;
  // Labels of drawn rows are nobody's, so no interval should hold them.
  bool tells_calibration(const Recommender& recommender) const {
    return options_.candidates.kind == Candidates::Kind::kRows && recommender.tells_distributions();
  }
  std::vector<TaskEpisode> drawn(std::size_t batch, std::uint32_t support) const;
  void judge_batch(const Recommender& recommender, std::size_t batch, std::uint32_t support,
                   const Gathered& gathered) const;
  void rank_batch(const CatalogueRanking& ranking, std::size_t batch, std::uint32_t support,
                  const Gathered& gathered) const;
  RankedRows ranked_rows(const Gathered& gathered) const;
  EvaluationResult result_of(const std::string& support, const Gathered& gathered, bool tells_distributions) const;
  std::optional<std::int64_t> first_not_finite(const Gathered& gathered) const;

  const Dataset& dataset_;
  EvaluationOptions options_;
  LabelScale scale_;
  Communicator& group_;
  std::unique_ptr<EvaluationEpisodes> episodes_;
  RowsByTask rows_;         // the query rows of each of them, drawn ones among them
  std::size_t listed_ = 0;  // entities of each task's list that the measures look at
  std::shared_ptr<const std::vector<double>> self_information_;
  std::vector<std::vector<std::size_t>> batches_;  // places among them, of similar length
};

// The result's scale has passed check(measure, options, scale).
std::unique_ptr<Statistic> make_statistic(const Measure& measure, const EvaluationResult& result);

// A measure's value, and its mean over the support sizes; not a number where a prediction is not finite, or no task
// defines the measure.  The result's scale has passed check(measure, scale).
double value_of(const EvaluationResult& result, const Measure& measure);
double mean_over_supports(const std::vector<EvaluationResult>& results, const Measure& measure);

}  // namespace warmstart
