#include "trainer/evaluation/measure.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/errors.h"

namespace warmstart {
namespace {

constexpr int kMostPlaces = 1'000'000;

enum class Level { kTasks, kRows };  // a mean over tasks, or of all tasks' rows together
// What a measure takes: labels, or the entities of a list.
enum class Labels { kAny, kProbabilities, kCounts, kRelevance, kNone };

struct Definition {
  MeasureKind kind;
  const char *name, *title;
  bool higher_is_better, takes_k, row_wise;
  Level level;
  Labels labels;
};

// In the order of MeasureKind.
constexpr std::array kDefinitions = {
    Definition{MeasureKind::kMae, "mae", "MAE", false, false, true, Level::kTasks, Labels::kAny},
    Definition{MeasureKind::kMse, "mse", "MSE", false, false, true, Level::kTasks, Labels::kAny},
    Definition{MeasureKind::kRmse, "rmse", "RMSE", false, false, true, Level::kTasks, Labels::kAny},
    Definition{MeasureKind::kAccuracy, "accuracy", "accuracy", true, false, true, Level::kTasks, Labels::kAny},
    Definition{MeasureKind::kLogLoss, "log-loss", "log-loss", false, false, true, Level::kTasks,
               Labels::kProbabilities},
    Definition{MeasureKind::kCalibrationError, "calibration-error", "calibration error", false, false, false,
               Level::kRows, Labels::kProbabilities},
    Definition{MeasureKind::kPoissonDeviance, "poisson-deviance", "Poisson deviance", false, false, true, Level::kTasks,
               Labels::kCounts},
    Definition{MeasureKind::kAuc, "auc", "AUC", true, false, false, Level::kRows, Labels::kRelevance},
    Definition{MeasureKind::kGroupedAuc, "grouped-auc", "grouped AUC", true, false, false, Level::kTasks,
               Labels::kRelevance},
    Definition{MeasureKind::kPrecision, "precision", "precision", true, true, false, Level::kTasks, Labels::kRelevance},
    Definition{MeasureKind::kRecall, "recall", "recall", true, true, false, Level::kTasks, Labels::kRelevance},
    Definition{MeasureKind::kHit, "hit", "hit", true, true, false, Level::kTasks, Labels::kRelevance},
    Definition{MeasureKind::kMrr, "mrr", "MRR", true, false, false, Level::kTasks, Labels::kRelevance},
    Definition{MeasureKind::kNdcg, "ndcg", "nDCG", true, true, false, Level::kTasks, Labels::kAny},
    Definition{MeasureKind::kMap, "map", "MAP", true, true, false, Level::kTasks, Labels::kRelevance},
    Definition{MeasureKind::kCoverage, "coverage", "coverage", true, true, false, Level::kRows, Labels::kNone},
    Definition{MeasureKind::kNovelty, "novelty", "novelty", true, true, false, Level::kTasks, Labels::kNone}};

const Definition& definition_of(const Measure& measure) { return kDefinitions[static_cast<std::size_t>(measure.kind)]; }

std::string with_places(const char* name, int k) { return k == 0 ? name : fmt::format("{}@{}", name, k); }

// Digits alone: reports show a measure as it was written.
std::optional<int> places_of(std::string_view text) {
  int k = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), k);
  const bool whole = error == std::errc() && end == text.data() + text.size() && text == std::to_string(k);
  return whole && k >= 1 && k <= kMostPlaces ? std::optional(k) : std::nullopt;
}

void check_relevant(const Measure& measure, const LabelScale& scale) {
  require(scale.relevant.has_value(),
          fmt::format("the measure {} asks which rows are relevant, and labels are from {} to {}; set "
                      "evaluate.relevant to the label from which on they are",
                      name_of(measure), scale.least, scale.most));
  require(*scale.relevant > scale.least && *scale.relevant <= scale.most,
          fmt::format("evaluate.relevant = {}: labels are from {} to {}, so {} row would be relevant to the measure {}",
                      *scale.relevant, scale.least, scale.most, *scale.relevant > scale.most ? "no" : "every",
                      name_of(measure)));
}

}  // namespace

std::string name_of(const Measure& measure) { return with_places(definition_of(measure).name, measure.k); }

std::string title_of(const Measure& measure) { return with_places(definition_of(measure).title, measure.k); }

std::optional<Measure> measure_named(std::string_view name) {
  const auto at = name.find('@');
  const auto found = std::find_if(kDefinitions.begin(), kDefinitions.end(),
                                  [&](const auto& each) { return name.substr(0, at) == each.name; });
  if (found == kDefinitions.end() || found->takes_k != (at != std::string_view::npos)) return std::nullopt;
  if (!found->takes_k) return Measure{found->kind};
  const auto k = places_of(name.substr(at + 1));
  return k ? std::optional(Measure{found->kind, *k}) : std::nullopt;
}

std::vector<std::string> measure_names() {
  std::vector<std::string> names;
  names.reserve(kDefinitions.size());
  for (const auto& each : kDefinitions) names.push_back(std::string(each.name) + (each.takes_k ? "@K" : ""));
  return names;
}

bool higher_is_better(const Measure& measure) { return definition_of(measure).higher_is_better; }

bool is_better(const Measure& measure, double value, double other) {
  return higher_is_better(measure) ? value > other : value < other;
}

bool is_pooled(const Measure& measure) { return definition_of(measure).level == Level::kRows; }

bool is_row_wise(const Measure& measure) { return definition_of(measure).row_wise; }

bool is_of_order(const Measure& measure) { return definition_of(measure).takes_k || measure.kind == MeasureKind::kMrr; }

bool is_of_lists(const Measure& measure) { return definition_of(measure).labels == Labels::kNone; }

void check(const Measure& measure, const LabelScale& scale) {
  const auto takes = definition_of(measure).labels;
  require(takes != Labels::kProbabilities || scale.of_probabilities(),
          fmt::format("the measure {} takes labels of 0 and 1, and those of the data set are from {} to {}; choose "
                      "mae, mse, rmse or ndcg@5",
                      name_of(measure), scale.least, scale.most));
  require(takes != Labels::kCounts || scale.least >= 0.0,
          fmt::format("the measure {} takes counts, labels from 0 on, and those of the data set are from {} to {}; "
                      "choose mae, mse, rmse or ndcg@5",
                      name_of(measure), scale.least, scale.most));
  if (takes == Labels::kRelevance) check_relevant(measure, scale);
}

std::string to_text(const Measure& measure) { return name_of(measure); }

std::string to_text(const std::optional<Measure>& measure) { return measure ? to_text(*measure) : "own"; }

void read(const std::string& text, const Range&, Measure& measure) {
  const auto found = measure_named(text);
  if (!found)
    throw std::invalid_argument(
        fmt::format("is none of: {}; K is a whole number from 1 to {}", fmt::join(measure_names(), ", "), kMostPlaces));
  measure = *found;
}

void read(const std::string& text, const Range& range, std::optional<Measure>& measure) {
  if (text == "own") return measure.reset();
  read(text, range, measure.emplace());
}

}  // namespace warmstart
