#include "trainer/evaluation/statistic.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "trainer/evaluation/auc.h"
#include "trainer/evaluation/calibration_error.h"
#include "trainer/evaluation/ranking.h"
#include "trainer/evaluation/row_errors.h"

namespace warmstart {
namespace {

// The mean over the tasks that define a measure, taken in their order.
class MeanOverTasks : public Statistic {
 public:
  explicit MeanOverTasks(std::vector<double> by_task) : Statistic(by_task.size()), by_task_(std::move(by_task)) {}

  double value(std::span<const double> weights) const override {
    double sum = 0.0, count = 0.0;
    for (std::size_t task = 0; task < by_task_.size(); ++task) {
      const bool defined = !std::isnan(by_task_[task]);
      sum += defined ? weights[task] * by_task_[task] : 0.0;
      count += defined ? weights[task] : 0.0;
    }
    return sum / count;
  }
  const std::vector<double>& by_task() const override { return by_task_; }

 private:
  std::vector<double> by_task_;
};

template <typename Pooled>
class PooledOverRows : public Statistic {
 public:
  PooledOverRows(std::size_t tasks, Pooled pooled) : Statistic(tasks), pooled_(std::move(pooled)) {}

  double value(std::span<const double> weights) const override { return pooled_.value(weights); }
  const std::vector<double>& by_task() const override { return none_; }

 private:
  Pooled pooled_;
  std::vector<double> none_;
};

// The share of all entities that stand in the first k of the lists of tasks that count.
class Coverage : public Statistic {
 public:
  Coverage(RankedRows ranked, std::size_t k) : Statistic(ranked.tasks.tasks()), ranked_(std::move(ranked)), k_(k) {}

  double value(std::span<const double> weights) const override {
    std::vector<bool> is_listed(ranked_.self_information->size(), false);
    for (std::size_t task = 0; task < ranked_.tasks.tasks(); ++task) {
      if (weights[task] == 0.0) continue;
      for (const auto entity : ranked_.list_of(task, k_)) is_listed[entity] = true;
    }
    return static_cast<double>(std::count(is_listed.begin(), is_listed.end(), true)) /
           static_cast<double>(is_listed.size());
  }
  const std::vector<double>& by_task() const override { return none_; }

 private:
  RankedRows ranked_;
  std::size_t k_;
  std::vector<double> none_;
};

double novelty(const RankedRows& ranked, std::size_t task, std::size_t k) {
  const auto list = ranked.list_of(task, k);
  double sum = 0.0;
  for (const auto entity : list) sum += (*ranked.self_information)[entity];
  return sum / static_cast<double>(list.size());
}

double value_of_order(const Measure& measure, const std::vector<bool>& ranked) {
  switch (measure.kind) {
    case MeasureKind::kPrecision:
      return precision(ranked, measure.k);
    case MeasureKind::kRecall:
      return recall(ranked, measure.k);
    case MeasureKind::kHit:
      return hit(ranked, measure.k);
    case MeasureKind::kMrr:
      return reciprocal_rank(ranked);
    case MeasureKind::kMap:
      return average_precision(ranked, measure.k);
    default:
      throw std::logic_error(name_of(measure) + " has no value of one task");
  }
}

double value_of_ranked_task(const Measure& measure, const RankedRows& ranked, std::size_t task,
                            const LabelScale& scale) {
  const auto places = ranked.places_of(task);
  const auto labels = ranked.labels_of(task);
  if (measure.kind == MeasureKind::kNovelty) return novelty(ranked, task, static_cast<std::size_t>(measure.k));
  if (measure.kind == MeasureKind::kNdcg) return ndcg_at(places, labels, measure.k, scale);
  return value_of_order(measure, relevance_at(places, labels, scale.relevant.value()));
}

}  // namespace

double value_of_task(const Measure& measure, std::span<const float> predicted, std::span<const float> labels,
                     const LabelScale& scale) {
  switch (measure.kind) {
    case MeasureKind::kMae:
      return mean_absolute_error(predicted, labels);
    case MeasureKind::kMse:
      return mean_squared_error(predicted, labels);
    case MeasureKind::kRmse:
      return std::sqrt(mean_squared_error(predicted, labels));
    case MeasureKind::kAccuracy:
      return accuracy(predicted, labels, scale);
    case MeasureKind::kLogLoss:
      return log_loss(predicted, labels);
    case MeasureKind::kPoissonDeviance:
      return poisson_deviance(predicted, labels);
    case MeasureKind::kGroupedAuc:
      return auc(predicted, labels, scale.relevant.value());
    case MeasureKind::kNdcg:
      return ndcg(predicted, labels, measure.k, scale);
    default:
      return value_of_order(measure, ranked_relevance(predicted, labels, scale.relevant.value()));
  }
}

std::unique_ptr<Statistic> make_statistic(const Measure& measure, const RankedRows& ranked, const LabelScale& scale) {
  if (measure.kind == MeasureKind::kCoverage)
    return std::make_unique<Coverage>(ranked, static_cast<std::size_t>(measure.k));
  std::vector<double> by_task;
  by_task.reserve(ranked.tasks.tasks());
  for (std::size_t task = 0; task < ranked.tasks.tasks(); ++task)
    by_task.push_back(value_of_ranked_task(measure, ranked, task, scale));
  return std::make_unique<MeanOverTasks>(std::move(by_task));
}

std::unique_ptr<Statistic> make_statistic(const Measure& measure, const JudgedRows& rows, const LabelScale& scale) {
  if (measure.kind == MeasureKind::kAuc) {
    return std::make_unique<PooledOverRows<Auc>>(rows.tasks.tasks(),
                                                 Auc(rows.ordering(), rows.labels, scale.relevant.value(), rows.tasks));
  }
  if (measure.kind == MeasureKind::kCalibrationError) {
    return std::make_unique<PooledOverRows<CalibrationError>>(
        rows.tasks.tasks(), CalibrationError(rows.predicted, rows.labels, rows.tasks));
  }
  std::vector<double> by_task;
  by_task.reserve(rows.tasks.tasks());
  const bool is_ordered = is_of_order(measure) || measure.kind == MeasureKind::kGroupedAuc;
  for (std::size_t task = 0; task < rows.tasks.tasks(); ++task)
    by_task.push_back(value_of_task(measure, is_ordered ? rows.ordering_of(task) : rows.predicted_of(task),
                                    rows.labels_of(task), scale));
  return std::make_unique<MeanOverTasks>(std::move(by_task));
}

}  // namespace warmstart
