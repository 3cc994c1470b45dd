#include "trainer/evaluation/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/errors.h"
#include "trainer/evaluation/log_loss.h"

namespace warmstart {

std::string name_of(Measure measure) { return nlohmann::json(measure).get<std::string>(); }

std::string title_of(Measure measure) {
  auto title = name_of(measure);
  if (measure == Measure::kLogLoss) return title;
  std::transform(title.begin(), title.end(), title.begin(), [](unsigned char letter) { return std::toupper(letter); });
  return title.starts_with("NDCG") ? "n" + title.substr(1) : title;
}

bool higher_is_better(Measure measure) {
  return measure == Measure::kNdcg1 || measure == Measure::kNdcg3 || measure == Measure::kNdcg5;
}

bool is_better(Measure measure, double value, double other) {
  return higher_is_better(measure) ? value > other : value < other;
}

void check(Measure measure, double label_min, double label_max) {
  require(
      measure != Measure::kLogLoss || takes_log_loss(label_min, label_max),
      fmt::format("the measure log-loss takes labels of 0 and 1, and those of the data set are from {} to {}; choose "
                  "mae, mse, rmse or ndcg@5",
                  label_min, label_max));
}

}  // namespace warmstart
