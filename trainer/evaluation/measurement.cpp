#include "trainer/evaluation/measurement.h"

#include <algorithm>
#include <cmath>

#include "trainer/evaluation/statistic.h"

namespace warmstart {
namespace {

std::int64_t defining_tasks(const Statistic& statistic, const Measure& measure, const JudgedRows& rows) {
  if (is_pooled(measure)) return static_cast<std::int64_t>(rows.tasks.tasks());
  const auto& values = statistic.by_task();
  return std::count_if(values.begin(), values.end(), [](double value) { return !std::isnan(value); });
}

}  // namespace

std::vector<std::vector<Measurement>> measurements(const std::vector<EvaluationResult>& results,
                                                   const std::vector<Measure>& measures,
                                                   const EvaluationOptions& options) {
  std::vector<std::vector<Measurement>> all;
  all.reserve(results.size());
  std::vector<OfTasks> functions;
  functions.reserve(results.size() * measures.size());
  for (const auto& result : results) {
    auto& found = all.emplace_back();
    found.reserve(measures.size());
    for (const auto& measure : measures) {
      const std::shared_ptr<const Statistic> statistic = make_statistic(measure, result);
      found.push_back({measure, statistic->value(), defining_tasks(*statistic, measure, result.rows)});
      functions.emplace_back([statistic](auto weights) { return statistic->value(weights); });
    }
  }
  if (results.empty()) return all;
  const auto intervals = bootstrap(functions, results[0].rows.tasks.tasks(), options.resamples, options.seed);
  for (std::size_t i = 0; i < intervals.size(); ++i)
    all[i / measures.size()][i % measures.size()].interval = intervals[i];
  return all;
}

}  // namespace warmstart
