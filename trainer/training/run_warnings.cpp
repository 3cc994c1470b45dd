#include "trainer/training/run_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace warmstart {
namespace {

constexpr std::int64_t kFewTasks = 30;
constexpr double kTolerance = 0.01;  // of the value without support: smaller differences are noise

}  // namespace

std::vector<std::string> warnings_of_plan(const TrainOptions& options, std::int64_t steps,
                                          std::int64_t validation_tasks) {
  std::vector<std::string> warnings;
  const auto warmup = warmup_of(options.adam, steps);
  if (steps <= warmup) {
    warnings.push_back(
        fmt::format("the run takes {} steps, all of them in the warm-up of {} (train.warmup): the outer rate never "
                    "gets to train.rate; "
                    "train longer, or leave train.warmup empty for a tenth of the steps",
                    steps, warmup));
  }
  const bool validation_matters = options.keep_best || options.patience > 0;
  if (validation_matters && validation_tasks < kFewTasks) {
    warnings.push_back(
        fmt::format("only {} tasks validate the run: which parameters are best is mostly chance under {}; raise "
                    "data.validation and ingest again, or lower evaluate.query, which leaves out tasks with few rows",
                    validation_tasks, kFewTasks));
  }
  return warnings;
}

std::string warning_of_support(const std::vector<EvaluationResult>& results, Measure measure,
                               const std::string& where) {
  const auto none =
      std::find_if(results.begin(), results.end(), [](const auto& result) { return result.support == "0"; });
  if (none == results.end()) return "";
  const auto worst = std::max_element(results.begin(), results.end(), [&](const auto& a, const auto& b) {
    return is_better(measure, value_of(a, measure), value_of(b, measure));
  });
  const double value = value_of(*worst, measure), start = value_of(*none, measure);
  if (!is_better(measure, start, value) || std::abs(value - start) <= kTolerance * start) return "";
  return fmt::format(
      "adaptation hurts {}: the {} is {:.4f} with {} support rows and {:.4f} with none; train longer, or lower "
      "inner.rate or inner.steps",
      where, title_of(measure), value, worst->support, start);
}

}  // namespace warmstart
