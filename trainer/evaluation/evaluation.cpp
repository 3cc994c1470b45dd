#include "trainer/evaluation/evaluation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "trainer/evaluation/catalogue_ranking.h"
#include "trainer/evaluation/row_order.h"

namespace warmstart {
namespace {

constexpr std::size_t kTasksPerBatch = 32;

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

template <typename T>
void copy_to(const at::Tensor& all, std::size_t first, std::span<const T> values) {
  std::copy(values.begin(), values.end(), all.mutable_data_ptr<T>() + first);
}

template <typename T>
std::vector<T> values_of(const at::Tensor& table) {
  const auto* values = table.const_data_ptr<T>();
  return {values, values + table.numel()};
}

}  // namespace

Evaluation::Evaluation(const Dataset& dataset, Split split, const EvaluationOptions& options, Communicator& group)
    : dataset_(dataset), options_(options), scale_(label_scale(dataset.schema(), options.relevant)), group_(group) {
  check(options);
  // What is chosen by validation tasks must not have seen those that judge.
  if (split != Split::kTest) options_.episodes_from.clear();
  episodes_ = make_evaluation_episodes(dataset, split, options_);
  if (ranks_all()) {
    self_information_ = std::make_shared<const std::vector<double>>(self_information(dataset));
    for (const auto& measure : computed_measures(options, scale_))
      if (is_of_lists(measure)) listed_ = std::max(listed_, static_cast<std::size_t>(measure.k));
  }
  for (std::size_t place = 0; place < episodes_->count(); ++place)
    rows_.add_task(episodes_->query_rows(place) + episodes_->drawn_rows());
  std::vector<std::size_t> order(episodes_->count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return episodes_->rows(a) < episodes_->rows(b); });
  for (std::size_t i = 0; i < order.size(); i += kTasksPerBatch) {
    batches_.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(i),
                          order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), i + kTasksPerBatch)));
  }
}

std::vector<std::uint32_t> Evaluation::query_entities() const {
  std::vector<std::uint32_t> entities;
  entities.reserve(rows_.rows());
  const auto append = [&](std::int64_t task, const EpisodeRows& rows) {
    const auto of_task = dataset_.task(task).rows.entity;
    for (const auto row : rows.query) entities.push_back(of_task[row]);
  };
  for (std::size_t place = 0; place < episodes_->count(); ++place) {
    const auto episode = episodes_->drawn(place, 0);
    append(episode.task, episode.rows);
    for (const auto& [task, rows] : episode.classes) append(task, rows);
  }
  return entities;
}

// Zero wherever another rank computes, so that sums over ranks are exact.
Evaluation::Gathered Evaluation::nothing_gathered() const {
  const auto zeros = [&](at::ScalarType type) { return at::zeros({static_cast<std::int64_t>(rows_.rows())}, type); };
  return {.labels = zeros(at::kFloat),
          .predicted = zeros(at::kFloat),
          .scores = zeros(at::kFloat),
          .calibration = at::zeros({tasks(), Calibration::kCount}, at::kDouble),
          .places = zeros(at::kLong),
          .lists = at::zeros({tasks(), static_cast<std::int64_t>(listed_)}, at::kLong)};
}

std::vector<TaskEpisode> Evaluation::drawn(std::size_t batch, std::uint32_t support) const {
  std::vector<TaskEpisode> episodes;
  episodes.reserve(batches_[batch].size());
  for (const auto place : batches_[batch]) episodes.push_back(episodes_->drawn(place, support));
  return episodes;
}

void Evaluation::judge_batch(const Recommender& recommender, std::size_t batch, std::uint32_t support,
                             const Gathered& gathered) const {
  const auto episodes = drawn(batch, support);
  const auto made = make_batch(dataset_, episodes);
  const auto predicted = tells_calibration(recommender) ? recommender.predict(made) : recommender.predict_labels(made);
  std::optional<StudentT> distribution;
  for (std::size_t t = 0; t < episodes.size(); ++t) {
    const auto place = batches_[batch][t];
    const auto first = rows_.first(place);
    const OfTask task(made.query, t, rows_.rows_of(place));
    copy_to(gathered.labels, first, task.labels());
    if (options_.candidates.kind == Candidates::Kind::kSampled)
      std::fill_n(gathered.labels.mutable_data_ptr<float>() + first + episodes_->query_rows(place),
                  episodes_->drawn_rows(), scale_.of_unseen());
    copy_to(gathered.predicted, first, task.of(predicted.labels));
    copy_to(gathered.scores, first, task.of(predicted.scores.defined() ? predicted.scores : predicted.labels));
    if (!tells_calibration(recommender)) continue;
    // Tasks with as many support rows have it in common.
    const double freedom = predicted.freedom.const_data_ptr<float>()[t];
    if (!distribution || distribution->freedom != freedom) distribution.emplace(freedom);
    const auto known =
        calibration(task.labels(), task.of(predicted.centres), task.of(predicted.scales), *distribution).values();
    std::copy(known.begin(), known.end(),
              gathered.calibration[static_cast<std::int64_t>(place)].mutable_data_ptr<double>());
  }
}

void Evaluation::rank_batch(const CatalogueRanking& ranking, std::size_t batch, std::uint32_t support,
                            const Gathered& gathered) const {
  const auto episodes = drawn(batch, support);
  const auto found = ranking.ranked(episodes);
  for (std::size_t t = 0; t < episodes.size(); ++t) {
    const auto place = batches_[batch][t];
    const auto labels = dataset_.task(episodes[t].task).rows.label;
    std::vector<float> of_query;
    for (const auto row : episodes[t].rows.query) of_query.push_back(labels[row]);
    const auto first = rows_.first(place);
    copy_to<float>(gathered.labels, first, of_query);
    copy_to<std::int64_t>(gathered.places, first, found[t].rows.places);
    const std::vector<std::int64_t> list(found[t].rows.list.begin(), found[t].rows.list.end());
    copy_to<std::int64_t>(gathered.lists, place * listed_, list);
    if (!found[t].finite) gathered.predicted.mutable_data_ptr<float>()[first] = NAN;
  }
}

std::optional<std::int64_t> Evaluation::first_not_finite(const Gathered& gathered) const {
  const auto calibrated = gathered.calibration.isfinite().all(1);
  const auto predicted = values_of<float>(gathered.predicted);
  for (std::size_t place = 0; place < rows_.tasks(); ++place) {
    const auto of_task = rows_.of(place, predicted);
    const bool finite = std::all_of(of_task.begin(), of_task.end(), [](float value) { return std::isfinite(value); });
    if (!finite || !calibrated.const_data_ptr<bool>()[place]) return episodes_->task(place);
  }
  return std::nullopt;
}

EvaluationResult Evaluation::result_of(const std::string& support, const Gathered& gathered,
                                       bool tells_distributions) const {
  EvaluationResult result{.support = support,
                          .rows = {.tasks = rows_,
                                   .labels = values_of<float>(gathered.labels),
                                   .predicted = values_of<float>(gathered.predicted)},
                          .scale = scale_,
                          .not_finite = first_not_finite(gathered)};
  if (options_.candidates.kind == Candidates::Kind::kSampled) result.rows.scores = values_of<float>(gathered.scores);
  if (ranks_all()) result.ranked = ranked_rows(gathered);
  const auto mean = gathered.calibration.mean(0);
  const auto* known = mean.const_data_ptr<double>();
  if (tells_distributions) result.calibration = Calibration{known[0], known[1], known[2], known[3]};
  return result;
}

RankedRows Evaluation::ranked_rows(const Gathered& gathered) const {
  const auto lists = values_of<std::int64_t>(gathered.lists);
  return {.tasks = rows_,
          .labels = values_of<float>(gathered.labels),
          .places = values_of<std::int64_t>(gathered.places),
          .listed = listed_,
          .lists = {lists.begin(), lists.end()},
          .self_information = self_information_};
}

std::vector<std::size_t> Evaluation::own_batches() const {
  std::vector<std::size_t> own;
  for (auto batch = static_cast<std::size_t>(group_.rank()); batch < batches_.size();
       batch += static_cast<std::size_t>(group_.size()))
    own.push_back(batch);
  return own;
}

void Evaluation::for_each_batch(const std::function<void(const EpisodeBatch& batch)>& see) const {
  for (const auto& support : options_.support)
    for (const auto batch : own_batches()) see(make_batch(dataset_, drawn(batch, rows_of(support))));
}

std::vector<EvaluationResult> Evaluation::run(const Recommender& recommender,
                                              const EvaluationProgress& progress) const {
  if (options_.episodes_from.empty()) require_order(recommender, options_.order, "evaluate.order");
  std::optional<CatalogueRanking> ranking;
  if (ranks_all()) ranking.emplace(dataset_, recommender, listed_);
  const bool tells_distributions = tells_calibration(recommender);
  const auto own = own_batches();
  std::int64_t done = 0, all = 0;
  for (const auto batch : own) all += std::ssize(batches_[batch]) * std::ssize(options_.support);
  std::vector<EvaluationResult> results;
  results.reserve(options_.support.size());
  for (const auto& support : options_.support) {
    auto gathered = nothing_gathered();
    for (const auto batch : own) {
      if (ranking)
        rank_batch(*ranking, batch, rows_of(support), gathered);
      else
        judge_batch(recommender, batch, rows_of(support), gathered);
      done += std::ssize(batches_[batch]);
      if (progress) progress(done, all);
    }
    for (auto* values : {&gathered.labels, &gathered.predicted, &gathered.scores, &gathered.calibration,
                         &gathered.places, &gathered.lists})
      group_.sum(*values);
    results.push_back(result_of(support, gathered, tells_distributions));
  }
  return results;
}

double Evaluation::mean(const Recommender& recommender, const Measure& measure) const {
  return mean_over_supports(run(recommender), measure);
}

std::unique_ptr<Statistic> make_statistic(const Measure& measure, const EvaluationResult& result) {
  if (result.ranked) return make_statistic(measure, *result.ranked, result.scale);
  return make_statistic(measure, result.rows, result.scale);
}

double value_of(const EvaluationResult& result, const Measure& measure) {
  if (result.not_finite) return std::numeric_limits<double>::quiet_NaN();
  return make_statistic(measure, result)->value();
}

double mean_over_supports(const std::vector<EvaluationResult>& results, const Measure& measure) {
  double sum = 0.0;
  for (const auto& result : results) sum += value_of(result, measure);
  return sum / static_cast<double>(results.size());
}

}  // namespace warmstart
