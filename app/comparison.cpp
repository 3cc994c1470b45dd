#include "app/comparison.h"

#include <fmt/format.h>

#include <optional>

#include "cluster/agreement.h"

namespace warmstart {

Comparison::Comparison(const Dataset& dataset, const EvaluationOptions& options, Communicator& group)
    : dataset_(dataset), test_(dataset, Split::kTest, options, group), options_(options) {
  protocol_ = {{"dataset", dataset.folder().string()},
               {"dataset_digest", dataset.digest()},
               {"split", "test"},
               {"task", dataset.schema().task},
               {"tasks", test_.tasks()},
               {"query", options.query},
               {"order", options.order},
               {"seed", options.seed}};
}

std::vector<EvaluationResult> Comparison::judge(const std::string& name, const Recommender& recommender) {
  auto results = test_.run(recommender);
  for (const auto& result : results) {
    refuse_not_finite(name, result);
    rows_.emplace_back(name, result);
  }
  return results;
}
nlohmann::json Comparison::json() const {
  auto results = nlohmann::json::array();
  for (const auto& [name, result] : rows_) results.push_back(to_json(name, result));
  return {{"protocol", protocol_}, {"results", results}};
}

// The block has the recommenders that have the value, and is empty where none has.
template <typename Value>
std::string Comparison::block(const char* measure, const Value& value_of) const {
  std::string rows, last;
  for (const auto& [name, result] : rows_) {
    const std::optional<double> value = value_of(result);
    if (!value) continue;
    if (name != std::exchange(last, name)) rows += fmt::format("\n{:<16}", name);
    rows += fmt::format("{:>8.4f}", *value);
  }
  if (rows.empty()) return "";
  std::string title = fmt::format("\n{:<16}", measure);
  for (const auto& support : options_.support) title += fmt::format("{:>8}", support);
  return title + rows + "\n";
}

std::string Comparison::table() const {
  std::string text = fmt::format("{} {}s never seen in training, {} rows judge, by support rows:\n", test_.tasks(),
                                 protocol_["task"].get<std::string>(), options_.query);
  for (const auto* measure : TaskMetrics::kShown)
    text += block(measure, [&](const auto& result) { return std::optional(result.mean.value(measure)); });
  for (std::size_t i = 0; i < Calibration::kCount; ++i) {
    text += block(Calibration::kNames[i], [&](const auto& result) {
      return result.calibration ? std::optional(result.calibration->values()[i]) : std::nullopt;
    });
  }
  return text;
}

void Comparison::refuse_not_finite(const std::string& name, const EvaluationResult& result) const {
  if (!result.not_finite) return;
  throw AgreedError(
      ExitCode::kDiverged,
      fmt::format("{}: the error of {} '{}' with {} support rows is not finite; look for extreme values "
                  "in its rows, or train with a lower train.rate or inner.rate",
                  name, protocol_["task"].get<std::string>(), dataset_.task(*result.not_finite).key(), result.support));
}

}  // namespace warmstart
