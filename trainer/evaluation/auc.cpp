#include "trainer/evaluation/auc.h"

#include <algorithm>
#include <limits>

namespace warmstart {

Auc::Auc(std::span<const float> scores, std::span<const float> labels, double relevant, const RowsByTask& tasks) {
  const auto least = static_cast<float>(relevant);  // labels are rounded in the same way
  rows_.reserve(scores.size());
  for (std::size_t task = 0; task < tasks.tasks(); ++task) {
    for (auto i = tasks.first(task); i < tasks.first(task + 1); ++i)
      rows_.push_back({scores[i], labels[i] >= least, task});
  }
  std::sort(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) { return a.score < b.score; });
}

// Weights are whole numbers, so sums are exact and the order within equal scores is of no matter.
double Auc::value(std::span<const double> weights) const {
  double won = 0.0, relevant = 0.0, others = 0.0;
  for (auto row = rows_.begin(); row != rows_.end();) {
    const auto score = row->score;
    double tied_relevant = 0.0, tied_others = 0.0;
    for (; row != rows_.end() && row->score == score; ++row)
      (row->relevant ? tied_relevant : tied_others) += weights[row->group];
    won += tied_relevant * (others + tied_others / 2.0);
    relevant += tied_relevant;
    others += tied_others;
  }
  return relevant > 0.0 && others > 0.0 ? won / (relevant * others) : std::numeric_limits<double>::quiet_NaN();
}

double auc(std::span<const float> scores, std::span<const float> labels, double relevant) {
  const double once = 1.0;
  return Auc(scores, labels, relevant, equal_rows(1, scores.size())).value({&once, 1});
}

}  // namespace warmstart
