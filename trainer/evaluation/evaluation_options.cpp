#include "trainer/evaluation/evaluation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <set>

#include "base/errors.h"
#include "base/options.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMostRows = 1'000'000'000;
constexpr double kLargestLabel = 1e30;
constexpr double kMostResamples = 1e6;
constexpr std::uint32_t kAllRows = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void declare(Options& add, EvaluationOptions& options) {
  add.add("evaluate.support", options.support, "support sizes, rows, or all; also of validation").items(64);
  add.add("evaluate.query", options.query, "rows of a task that judge").from(1).to(kMostRows).unit("rows");
  add.add("evaluate.episodes", options.episodes,
          "tasks that are drawn of classes (data.task = class); their support and query are rows of each class")
      .from(1)
      .to(1e7);
  add.add("evaluate.order", options.order,
          "time: a task's last rows judge; shuffle: a seeded choice; sorted: that, and a support's rows in time order");
  add.add("evaluate.seed", options.seed, "of that choice, of ALS and of the resamples");
  add.add("evaluate.relevant", options.relevant,
          "label from which on a row is relevant to auc, precision and their like; empty: 1, of labels within 0 to 1")
      .from(-kLargestLabel)
      .to(kLargestLabel);
  add.add("evaluate.measures", options.measures,
          fmt::format("computed and shown, of {}; empty: mae, rmse, ndcg@1, ndcg@5, and in JSON mse, ndcg@3 and, of "
                      "labels within 0 to 1, log-loss as well",
                      fmt::join(measure_names(), ", ")))
      .items(64)
      .neutral();
  add.add("evaluate.bootstrap", options.resamples, "resamples of the tasks that make the 95% intervals; 0: none")
      .from(0)
      .to(kMostResamples)
      .neutral();
  add.add(
         "evaluate.slices", options.slices,
         "tell row-wise measures by the training rows of the query rows' entities, too: head, middle and tail, a third "
         "of the rows each")
      .neutral();
  add.add("evaluate.baselines", options.baselines, "the rows bias and als, which are fitted first");
}

// Digits alone: reports show a size as it was written.
std::uint32_t rows_of(const std::string& support) {
  if (support == "all") return kAllRows;
  std::int64_t rows = 0;
  const auto [end, error] = std::from_chars(support.data(), support.data() + support.size(), rows);
  const bool whole = error == std::errc() && end == support.data() + support.size() && support == std::to_string(rows);
  require(whole && rows >= 0 && rows <= kMostRows,
          fmt::format("evaluate.support: '{}' is neither a whole number of rows nor 'all'", support));
  return static_cast<std::uint32_t>(rows);
}

void check(const EvaluationOptions& options) {
  std::set<std::uint32_t> sizes;
  for (const auto& support : options.support)
    require(sizes.insert(rows_of(support)).second, fmt::format("evaluate.support names {} twice", support));
  require(!sizes.empty(), "evaluate.support must name a size: rows, or all");
  std::set<std::string> names;
  for (const auto& measure : options.measures)
    require(names.insert(name_of(measure)).second, fmt::format("evaluate.measures names {} twice", name_of(measure)));
}

std::vector<Measure> shown_measures(const EvaluationOptions& options) {
  if (!options.measures.empty()) return options.measures;
  return {{MeasureKind::kMae}, {MeasureKind::kRmse}, {MeasureKind::kNdcg, 1}, {MeasureKind::kNdcg, 5}};
}

std::vector<Measure> computed_measures(const EvaluationOptions& options, const LabelScale& scale) {
  if (!options.measures.empty()) return options.measures;
  auto measures = shown_measures(options);
  measures.insert(measures.end(), {{MeasureKind::kMse}, {MeasureKind::kNdcg, 3}});
  if (scale.of_probabilities()) measures.push_back({MeasureKind::kLogLoss});
  return measures;
}

}  // namespace warmstart
