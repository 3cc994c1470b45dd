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
  add.add("evaluate.query", options.query,
          "rows of a task that judge, or rest: all but as many as the largest of evaluate.support")
      .from(1)
      .to(kMostRows)
      .unit("rows");
  add.add("evaluate.episodes", options.episodes,
          "tasks that are drawn of classes (data.task = class); their support and query are rows of each class")
      .from(1)
      .to(1e7);
  add.add("evaluate.order", options.order,
          "time: a task's last rows judge; shuffle: a seeded choice; sorted: that, and a support's rows in time order");
  add.add(
         "evaluate.episodes-from", options.episodes_from,
         "text table with the columns task, entity and set (support or query): what it lists is judged in place of the "
         "test tasks, as it lists it")
      .neutral();
  add.add("evaluate.candidates", options.candidates,
          "what query rows are judged among: rows (themselves), sampled:100 (and so many entities that the task has no "
          "row of), all (and all of those)");
  add.add("evaluate.seed", options.seed, "of those choices, of ALS and of the resamples");
  add.add("evaluate.relevant", options.relevant,
          "label from which on a row is relevant to auc, precision and their like; empty: 1, of labels within 0 to 1")
      .from(-kLargestLabel)
      .to(kLargestLabel);
  add.add("evaluate.measures", options.measures,
          fmt::format("computed and shown, of {}; empty: mae, rmse, ndcg@1, ndcg@5, and in JSON mse, ndcg@3 and, of "
                      "labels within 0 to 1, log-loss as well; among other candidates than rows recall@10, ndcg@10, "
                      "mrr, and among all coverage@10, novelty@10",
                      fmt::join(measure_names(), ", ")))
      .items(64)
      .neutral();
  add.add("evaluate.bootstrap", options.resamples, "resamples of the tasks that make the 95% intervals; 0: none")
      .from(0)
      .to(kMostResamples)
      .neutral();
  add.add("evaluate.slices", options.slices,
          "tell row-wise measures, and recall among all candidates, by the training rows of the query rows' entities, "
          "too: head, middle and tail, a third "
          "of the rows each")
      .neutral();
  add.add("evaluate.baselines", options.baselines,
          "the rows bias and als, which are fitted first; among other candidates than rows, popularity");
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
  require(
      options.candidates.kind != Candidates::Kind::kSampled || !options.slices,
      fmt::format("evaluate.slices tells measures of rows that tasks have, and evaluate.candidates = {} adds others; "
                  "leave one of them out, or set evaluate.candidates = all",
                  to_text(options.candidates)));
}

void check(const Measure& measure, const EvaluationOptions& options, const LabelScale& scale) {
  check(measure, scale);
  const auto kind = options.candidates.kind;
  require(kind == Candidates::Kind::kAll || !is_of_lists(measure),
          fmt::format("the measure {} is of what is recommended among all entities; set evaluate.candidates = all",
                      name_of(measure)));
  require(kind != Candidates::Kind::kAll || is_of_order(measure),
          fmt::format("the measure {} asks for more than the places of query rows, which evaluate.candidates = all "
                      "tells; choose recall@10, ndcg@10 or mrr",
                      name_of(measure)));
  const bool judges_labels = is_row_wise(measure) || measure.kind == MeasureKind::kCalibrationError;
  require(
      kind == Candidates::Kind::kRows || !judges_labels || scale.least <= 0.0,
      fmt::format("the measure {} judges predicted labels, which are from {} to {}, and rows of evaluate.candidates "
                  "= {} have none; choose recall@10, ndcg@10 or mrr",
                  name_of(measure), scale.least, scale.most, to_text(options.candidates)));
}

std::vector<Measure> shown_measures(const EvaluationOptions& options) {
  if (!options.measures.empty()) return options.measures;
  if (options.candidates.kind == Candidates::Kind::kRows)
    return {{MeasureKind::kMae}, {MeasureKind::kRmse}, {MeasureKind::kNdcg, 1}, {MeasureKind::kNdcg, 5}};
  std::vector<Measure> measures = {{MeasureKind::kRecall, 10}, {MeasureKind::kNdcg, 10}, {MeasureKind::kMrr}};
  if (options.candidates.kind == Candidates::Kind::kAll)
    measures.insert(measures.end(), {{MeasureKind::kCoverage, 10}, {MeasureKind::kNovelty, 10}});
  return measures;
}

std::vector<Measure> computed_measures(const EvaluationOptions& options, const LabelScale& scale) {
  auto measures = shown_measures(options);
  if (!options.measures.empty() || options.candidates.kind != Candidates::Kind::kRows) return measures;
  measures.insert(measures.end(), {{MeasureKind::kMse}, {MeasureKind::kNdcg, 3}});
  if (scale.of_probabilities()) measures.push_back({MeasureKind::kLogLoss});
  return measures;
}

}  // namespace warmstart
