#include "trainer/evaluation/paired_difference.h"

#include <cmath>
#include <memory>

#include "trainer/evaluation/statistic.h"

namespace warmstart {
namespace {

struct Pair {
  std::shared_ptr<const Statistic> statistic, other;

  double difference(std::span<const double> weights) const { return statistic->value(weights) - other->value(weights); }
};

std::optional<double> share_better(const Pair& pair, const Measure& measure) {
  const auto &values = pair.statistic->by_task(), &others = pair.other->by_task();
  double better = 0.0, all = 0.0;
  for (std::size_t task = 0; task < values.size(); ++task) {
    all += std::isnan(values[task]) ? 0.0 : 1.0;
    better += is_better(measure, values[task], others[task]) ? 1.0 : 0.0;
  }
  return all > 0.0 ? std::optional(better / all) : std::nullopt;
}

}  // namespace

std::vector<PairedDifference> paired_differences(const std::vector<EvaluationResult>& results,
                                                 const std::vector<EvaluationResult>& others,
                                                 const std::vector<Measure>& measures,
                                                 const EvaluationOptions& options) {
  std::vector<PairedDifference> differences;
  differences.reserve(results.size() * measures.size());
  std::vector<OfTasks> functions;
  functions.reserve(results.size() * measures.size());
  for (const auto& measure : measures) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Pair pair{make_statistic(measure, results[i]), make_statistic(measure, others[i])};
      const double value = pair.statistic->value(), other = pair.other->value();
      differences.push_back({.measure = measure,
                             .support = results[i].support,
                             .value = value,
                             .other = other,
                             .difference = value - other,
                             .better = share_better(pair, measure)});
      functions.emplace_back([pair](auto weights) { return pair.difference(weights); });
    }
  }
  if (results.empty()) return differences;
  const auto intervals = bootstrap(functions, results[0].rows.tasks.tasks(), options.resamples, options.seed);
  for (std::size_t i = 0; i < intervals.size(); ++i) differences[i].interval = intervals[i];
  return differences;
}

}  // namespace warmstart
