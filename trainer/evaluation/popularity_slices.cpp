#include "trainer/evaluation/popularity_slices.h"

#include <functional>
#include <limits>
#include <map>

#include "trainer/evaluation/statistic.h"

namespace warmstart {

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

double value_of_rows(const Measure& measure, const EvaluationResult& result, const std::vector<std::size_t>& rows) {
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
