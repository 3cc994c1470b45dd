#include "trainer/evaluation/evaluation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/errors.h"
#include "trainer/evaluation/log_loss.h"
#include "trainer/evaluation/row_order.h"

namespace warmstart {
namespace {

constexpr std::size_t kTasksPerBatch = 32;

// A task's values are those of its TaskMetrics, and behind them its log-loss and its Calibration: 0 where labels are
// not binary, or the recommender tells no distributions.
constexpr std::int64_t kLogLoss = TaskMetrics::kCount, kCalibration = kLogLoss + 1,
                       kValues = kCalibration + Calibration::kCount;

// A task's predictions, as spans over its query rows.
class OfTask {
 public:
  OfTask(const PaddedRows& query, std::size_t task, std::size_t count)
      : labels_(query.label), first_(task * static_cast<std::size_t>(query.width)), count_(count) {}

  std::span<const float> labels() const { return labels_.subspan(first_, count_); }
  std::span<const float> of(const at::Tensor& values) const {
    return {values.const_data_ptr<float>() + first_, count_};
  }

 private:
  std::span<const float> labels_;
  std::size_t first_, count_;
};

}  // namespace

Evaluation::Evaluation(const Dataset& dataset, Split split, const EvaluationOptions& options, Communicator& group)
    : dataset_(dataset), options_(options), group_(group) {
  check(options);
  for (const auto task : dataset.tasks_of(split)) {
    if (dataset.row_count(task) > options.query) tasks_.push_back(task);
  }
  if (tasks_.empty()) {
    throw DataError(fmt::format("{}: no {} task has more than {} rows; change data.{} or evaluate.query",
                                dataset.folder().string(), name_of(split), options.query, name_of(split)));
  }
  std::vector<std::size_t> order(tasks_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return dataset.row_count(tasks_[a]) < dataset.row_count(tasks_[b]); });
  for (std::size_t i = 0; i < order.size(); i += kTasksPerBatch) {
    batches_.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(i),
                          order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), i + kTasksPerBatch)));
  }
}

void Evaluation::judge_batch(const Recommender& recommender, std::size_t batch, std::uint32_t support,
                             const at::Tensor& values) const {
  std::vector<TaskEpisode> episodes;
  for (const auto place : batches_[batch]) {
    const auto task = tasks_[place];
    episodes.push_back(
        {task, evaluation_rows(task, dataset_.row_count(task), support, static_cast<std::uint32_t>(options_.query),
                               options_.order, options_.seed)});
  }
  const auto made = make_batch(dataset_, episodes);
  const auto predicted = recommender.predict(made);
  const GainScale scale{dataset_.schema().label_min, dataset_.schema().label_max};
  for (std::size_t t = 0; t < episodes.size(); ++t) {
    const OfTask task(made.query, t, episodes[t].rows.query.size());
    const auto scores = task.of(predicted.labels), labels = task.labels();
    const auto row = task_metrics(scores, labels, scale).values();
    auto* place = values[static_cast<std::int64_t>(batches_[batch][t])].mutable_data_ptr<double>();
    std::copy(row.begin(), row.end(), place);
    if (takes_log_loss(scale.label_min, scale.label_max)) place[kLogLoss] = log_loss(scores, labels);
    if (!recommender.tells_distributions()) continue;
    const double freedom = predicted.freedom.const_data_ptr<float>()[t];
    const auto known = calibration(labels, task.of(predicted.centres), task.of(predicted.scales), freedom).values();
    std::copy(known.begin(), known.end(), place + kCalibration);
  }
}

std::optional<std::int64_t> Evaluation::first_not_finite(const at::Tensor& values) const {
  const auto places = values.isfinite().all(1).logical_not().nonzero();
  if (places.size(0) == 0) return std::nullopt;
  return tasks_[static_cast<std::size_t>(places[0].item<std::int64_t>())];
}

EvaluationResult Evaluation::result_of(const std::string& support, const at::Tensor& values,
                                       bool tells_distributions) const {
  const auto mean = values.mean(0);
  const auto* v = mean.const_data_ptr<double>();
  EvaluationResult result{.support = support,
                          .tasks = tasks(),
                          .mean = {v[0], v[1], v[2], v[3], v[4], v[5]},
                          .not_finite = first_not_finite(values)};
  const auto& schema = dataset_.schema();
  if (takes_log_loss(schema.label_min, schema.label_max)) result.log_loss = v[kLogLoss];
  const auto* known = v + kCalibration;
  if (tells_distributions) result.calibration = Calibration{known[0], known[1], known[2], known[3]};
  return result;
}

std::vector<EvaluationResult> Evaluation::run(const Recommender& recommender) const {
  require_order(recommender, options_.order, "evaluate.order");
  std::vector<EvaluationResult> results;
  for (const auto& support : options_.support) {
    // Zero wherever another rank computes, so the sum over ranks is exact.
    auto values = at::zeros({tasks(), kValues}, at::kDouble);
    for (std::size_t batch = 0; batch < batches_.size(); ++batch) {
      if (static_cast<int>(batch % static_cast<std::size_t>(group_.size())) == group_.rank())
        judge_batch(recommender, batch, rows_of(support), values);
    }
    group_.sum(values);
    results.push_back(result_of(support, values, recommender.tells_distributions()));
  }
  return results;
}

double Evaluation::mean(const Recommender& recommender, Measure measure) const {
  return mean_over_supports(run(recommender), measure);
}

double value_of(const EvaluationResult& result, Measure measure) {
  return measure == Measure::kLogLoss ? result.log_loss.value() : result.mean.value(name_of(measure));
}

double mean_over_supports(const std::vector<EvaluationResult>& results, Measure measure) {
  double sum = 0.0;
  for (const auto& result : results) sum += value_of(result, measure);
  return sum / static_cast<double>(results.size());
}

nlohmann::json to_json(const std::string& model, const EvaluationResult& result) {
  nlohmann::json json = {{"model", model}, {"tasks", result.tasks}};
  if (result.support == "all") {
    json["support"] = "all";
  } else {
    json["support"] = std::stoll(result.support);
  }
  const auto values = result.mean.values();
  for (int i = 0; i < TaskMetrics::kCount; ++i)
    json[TaskMetrics::kNames[static_cast<std::size_t>(i)]] = values[static_cast<std::size_t>(i)];
  for (std::size_t i = 0; result.calibration && i < Calibration::kCount; ++i)
    json[Calibration::kNames[i]] = result.calibration->values()[i];
  if (result.log_loss) json[name_of(Measure::kLogLoss)] = *result.log_loss;
  return json;
}

}  // namespace warmstart
