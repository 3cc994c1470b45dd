#include "trainer/cost/expected_draws.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "data/episode_source.h"

namespace warmstart {
namespace {

constexpr std::size_t kMostTasks = 4096;  // whose sizes stand for those of all tasks

// Values with weights, and the mean of the largest of some that are drawn.
class Sizes {
 public:
  void add(std::int64_t value, double weight) { weights_[value] += weight; }
  double largest_of(double count) const {
    double total = 0.0, below = 0.0, mean = 0.0;
    for (const auto& [value, weight] : weights_) total += weight;
    for (const auto& [value, weight] : weights_) {
      const auto upto = std::min(1.0, below + weight / total);
      mean += static_cast<double>(value) * (std::pow(upto, count) - std::pow(below, count));
      below = upto;
    }
    return mean;
  }

 private:
  std::map<std::int64_t, double> weights_;
};

// That something with `count` of the rows is among them where each is drawn with probability `share`.
double found(double share, double count) {
  return count == 0.0 ? 0.0 : -std::expm1(count * std::log1p(-std::min(share, 1.0)));
}

// Which of a field's ids no entity has that is reached, as logarithms of probabilities.
class Missed {
 public:
  explicit Missed(std::int64_t ids) : logarithms_(static_cast<std::size_t>(ids) + 1) {}
  void reach(std::uint32_t id, double probability) { logarithms_[id] += std::log1p(-std::min(probability, kSure)); }
  // How many known ids are found, in expectation; all are missed again afterwards.
  double take_found() {
    double found = 0.0;
    for (std::size_t id = 1; id < logarithms_.size(); ++id) found -= std::expm1(logarithms_[id]);
    std::fill(logarithms_.begin(), logarithms_.end(), 0.0);
    return found;
  }

 private:
  static constexpr double kSure = 1.0 - 1e-12;
  std::vector<double> logarithms_;
};

std::vector<double> shares_of_negatives(const std::vector<std::int64_t>& rows, const EpisodeOptions& options) {
  std::vector<double> shares(rows.size());
  std::transform(rows.begin(), rows.end(), shares.begin(), [&](auto count) {
    return count == 0 ? 0.0 : std::pow(static_cast<double>(count), options.negatives_power);
  });
  const auto total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (auto& share : shares) share /= std::max(total, 1.0);
  return shares;
}

}  // namespace

ExpectedDraws::ExpectedDraws(const Dataset& dataset, const EpisodeOptions& options, std::int64_t tasks)
    : dataset_(dataset),
      options_(options),
      tasks_(static_cast<double>(tasks)),
      training_tasks_(dataset.tasks_of(Split::kTrain)),
      entity_rows_(dataset.training_rows()) {
  for (const auto task : training_tasks_) training_rows_ += static_cast<double>(dataset.row_count(task));
  unknown_rows_ =
      training_rows_ - static_cast<double>(std::accumulate(entity_rows_.begin(), entity_rows_.end(), std::int64_t{0}));
  if (options.negatives > 0) negative_share_ = shares_of_negatives(entity_rows_, options);
  if (tasks_are_of_classes(dataset.schema())) {
    const auto ways = static_cast<double>(options.ways), shots = static_cast<double>(options.shots),
               queries = static_cast<double>(options.class_queries);
    draws_ = {{1.0, ways * (shots + queries), 0.0, ways * shots, ways * queries}};
    return;
  }
  const auto common = options.support_common.empty() ? 0.0 : options.support_common_share;
  for (const auto support : options.support_common)
    draws_.push_back(drawn(common / static_cast<double>(options.support_common.size()), support));
  draws_.push_back(drawn(1.0 - common, -1));
}

// As Sampler::episode draws them.
ExpectedDraws::Draw ExpectedDraws::drawn(double share, std::int64_t common_support) const {
  Sizes supports, queries;
  double rows = 0.0, query_rows = 0.0, weights = 0.0;
  const auto apart = training_tasks_.size() / kMostTasks + 1;
  for (std::size_t i = 0; i < training_tasks_.size(); i += apart) {
    const std::int64_t count = dataset_.row_count(training_tasks_[i]), per_episode = options_.rows_per_episode;
    const auto slots = per_episode == 0 ? 1 : (count + per_episode - 1) / per_episode;
    const auto largest = std::min(count - 1, options_.support_max);
    const auto first = common_support < 0 ? 0 : common_support, last = common_support < 0 ? largest : common_support;
    const auto weight = static_cast<double>(slots) / static_cast<double>(last - first + 1);
    for (auto drawn = first; drawn <= last; ++drawn) {
      const auto support = std::min(drawn, count - std::min(count - 1, options_.query_min));
      const auto query = std::min(count - support, options_.query_max);
      supports.add(support, weight);
      queries.add(query, weight);
      rows += weight * static_cast<double>(support + query);
      query_rows += weight * static_cast<double>(query);
    }
    weights += static_cast<double>(slots);
  }
  const auto negatives = static_cast<double>(options_.negatives);
  return {share, rows / weights, negatives * query_rows / weights, supports.largest_of(tasks_),
          (1.0 + negatives) * queries.largest_of(tasks_)};
}

double ExpectedDraws::rows_of_task() const {
  return std::accumulate(draws_.begin(), draws_.end(), 0.0,
                         [](double sum, const auto& draw) { return sum + draw.share * (draw.rows + draw.negatives); });
}

double ExpectedDraws::rows_drawn() const {
  return std::accumulate(draws_.begin(), draws_.end(), 0.0,
                         [](double sum, const auto& draw) { return sum + draw.share * draw.rows; });
}

double ExpectedDraws::longest() const {
  return std::accumulate(draws_.begin(), draws_.end(), 0.0, [](double sum, const auto& draw) {
    return sum + draw.share * (draw.longest_support + draw.longest_query);
  });
}

double ExpectedDraws::entities() const {
  double sum = 0.0;
  for (const auto& draw : draws_) {
    const auto reached = this->reached(draw, tasks_);
    sum += draw.share * std::accumulate(reached.begin(), reached.end(), 0.0);
  }
  return sum;
}

// For each entity, the probability that so many tasks have it.
std::vector<double> ExpectedDraws::reached(const Draw& draw, double tasks) const {
  const auto share = draw.rows * tasks / training_rows_;
  std::vector<double> reached(entity_rows_.size());
  for (std::size_t entity = 0; entity < reached.size(); ++entity) {
    reached[entity] = found(share, static_cast<double>(entity_rows_[entity]));
    if (draw.negatives > 0.0)
      reached[entity] = 1.0 - (1.0 - reached[entity]) * (1.0 - found(negative_share_[entity], draw.negatives * tasks));
  }
  return reached;
}

ExpectedLookups ExpectedDraws::lookups(int ranks, bool shares_rows) const {
  ExpectedLookups sum;
  for (const auto& draw : draws_) {
    const auto found = lookups(draw, ranks, shares_rows);
    sum.keys += draw.share * found.keys;
    sum.rows += draw.share * found.rows;
    sum.tasks += draw.share * found.tasks;
  }
  return sum;
}

ExpectedLookups ExpectedDraws::lookups(const Draw& draw, int ranks, bool shares_rows) const {
  const auto tasks = tasks_ / ranks;
  const auto reached = this->reached(draw, shares_rows ? tasks_ : tasks);
  const auto share = draw.rows * tasks / training_rows_;
  const auto slices = shares_rows ? ranks : 1;
  const auto keys = std::accumulate(reached.begin(), reached.end(), 0.0) / slices + found(share, unknown_rows_);
  return {.keys = keys,
          .rows = keys + ids_of_entities(reached, slices) + ids_of(FieldOwner::kRow, share),
          .tasks = ids_of(FieldOwner::kTask, tasks / static_cast<double>(training_tasks_.size()))};
}

// An entity is missed by all steps with the product of the probabilities that it is missed by each.
ExpectedLookups ExpectedDraws::looked_up_after(std::int64_t steps) const {
  const auto count = static_cast<double>(steps);
  std::vector<double> reached(entity_rows_.size());
  for (const auto& draw : draws_) {
    const auto of_step = this->reached(draw, tasks_);
    for (std::size_t entity = 0; entity < reached.size(); ++entity)
      reached[entity] = 1.0 - (1.0 - reached[entity]) * (1.0 - found(of_step[entity], count * draw.share));
  }
  const auto share = rows_drawn() * tasks_ / training_rows_;
  const auto keys = std::accumulate(reached.begin(), reached.end(), 0.0) + found(share, count * unknown_rows_);
  return {.keys = keys,
          .rows = keys + ids_of_entities(reached, 1) + ids_of(FieldOwner::kRow, share, count),
          .tasks = ids_of(FieldOwner::kTask, tasks_ / static_cast<double>(training_tasks_.size()), count)};
}

// Distinct ones of the entities' fields but their keys, of a slice: the entities that are reached are cut into so many
// equal parts of their order.
double ExpectedDraws::ids_of_entities(const std::vector<double>& reached, int slices) const {
  const auto of_slice = std::accumulate(reached.begin(), reached.end(), 0.0) / slices;
  const auto fields = dataset_.schema().fields_of(FieldOwner::kEntity);
  double sum = 0.0;
  for (std::size_t f = 1; f < fields.size(); ++f) {
    if (fields[f]->kind == FieldKind::kDense) continue;
    Missed missed(fields[f]->vocabulary_size);
    double before = 0.0;
    for (std::size_t entity = 0; entity < reached.size(); ++entity) {
      for (const auto id : dataset_.entity_fields()[f].ids(entity)) missed.reach(id, reached[entity]);
      before += reached[entity];
      if (before < of_slice) continue;
      sum += missed.take_found();
      before -= of_slice;
    }
    sum += missed.take_found();
  }
  return sum / slices;
}

// Of fields of rows or of tasks, where each row or task is drawn with probability `drawn_share`, so many times.
double ExpectedDraws::ids_of(FieldOwner owner, double drawn_share, double times) const {
  double sum = 0.0;
  for (const auto* field : dataset_.schema().fields_of(owner)) {
    if (field->kind == FieldKind::kDense) continue;
    for (const auto count : dataset_.vocabulary_counts(*field))
      sum += found(drawn_share, times * static_cast<double>(count));
  }
  return sum;
}

}  // namespace warmstart
