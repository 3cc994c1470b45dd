#include "trainer/evaluation/popularity_slices.h"

#include <functional>
#include <limits>
#include <map>

#include "trainer/evaluation/statistic.h"

namespace warmstart {
namespace {

double share_found(const RankedRows& ranked, int k, double relevant, const std::vector<std::size_t>& rows) {
  const auto least = static_cast<float>(relevant);  // labels are rounded in the same way
  double found = 0.0, all = 0.0;
  for (const auto row : rows) {
    if (ranked.labels[row] < least) continue;
    all += 1.0;
    found += ranked.places[row] < k ? 1.0 : 0.0;
  }
  return all > 0.0 ? found / all : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

// A number of training rows belongs to the third that the middle one of its query rows lies in.
PopularitySlices popularity_slices(std::span<const std::int64_t> training_rows) {
  std::map<std::int64_t, std::vector<std::size_t>, std::greater<>> by_popularity;
  for (std::size_t row = 0; row < training_rows.size(); ++row) by_popularity[training_rows[row]].push_back(row);
  std::vector<std::size_t> slice_of(training_rows.size());
  std::size_t before = 0;
  for (const auto& [popularity, rows] : by_popularity) {
    const auto slice = (2 * before + rows.size()) * PopularitySlices::kCount / (2 * training_rows.size());
    for (const auto row : rows) slice_of[row] = slice;
    before += rows.size();
  }
  PopularitySlices slices;
  for (std::size_t row = 0; row < slice_of.size(); ++row) slices.rows[slice_of[row]].push_back(row);
  return slices;
}

bool is_sliced(const Measure& measure, const Candidates& candidates) {
  return is_row_wise(measure) || (measure.kind == MeasureKind::kRecall && candidates.kind == Candidates::Kind::kAll);
}

double value_of_rows(const Measure& measure, const EvaluationResult& result, const std::vector<std::size_t>& rows) {
  if (result.ranked) return share_found(*result.ranked, measure.k, result.scale.relevant.value(), rows);
  if (rows.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<float> predicted, labels;
  predicted.reserve(rows.size());
  labels.reserve(rows.size());
  for (const auto row : rows) {
    predicted.push_back(result.rows.predicted[row]);
    labels.push_back(result.rows.labels[row]);
  }
  return value_of_task(measure, predicted, labels, result.scale);
}

}  // namespace warmstart
