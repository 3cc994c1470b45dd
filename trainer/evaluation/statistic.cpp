#include "trainer/evaluation/statistic.h"

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

std::unique_ptr<Statistic> make_statistic(const Measure& measure, const JudgedRows& rows, const LabelScale& scale) {
  if (measure.kind == MeasureKind::kAuc) {
    return std::make_unique<PooledOverRows<Auc>>(rows.tasks,
                                                 Auc(rows.predicted, rows.labels, scale.relevant.value(), rows.query));
  }
  if (measure.kind == MeasureKind::kCalibrationError) {
    return std::make_unique<PooledOverRows<CalibrationError>>(
        rows.tasks, CalibrationError(rows.predicted, rows.labels, rows.query));
  }
  std::vector<double> by_task;
  by_task.reserve(rows.tasks);
  for (std::size_t task = 0; task < rows.tasks; ++task)
    by_task.push_back(value_of_task(measure, rows.predicted_of(task), rows.labels_of(task), scale));
  return std::make_unique<MeanOverTasks>(std::move(by_task));
}

}  // namespace warmstart
