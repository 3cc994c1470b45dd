#include "app/evaluation_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMostCount = std::int64_t{1} << 50;

double measure_in(const nlohmann::json& object, const std::string& key) {
  const auto& value = member(object, key.c_str());
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  return as_number(value, fmt::format("'{}'", key));
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

}  // namespace

EvaluationFile::EvaluationFile(const nlohmann::json& evaluation, const std::string& where) {
  try {
    const auto& protocol = object_at(evaluation, "protocol");
    tasks_ = integer_at(protocol, "tasks", 0, kMostCount);
    task_ = text_at(protocol, "task");
    read_measures(protocol);
    for (const auto& result : list_at(evaluation, "results")) add(result);
    check_is_whole();
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}; make it again with: warmstart evaluate", where, error.what()));
  }
}

// Earlier releases wrote what all of them show.
void EvaluationFile::read_measures(const nlohmann::json& protocol) {
  measures_ = {"mae", "rmse", "ndcg@1", "ndcg@5"};
  if (!protocol.contains("measures")) return;
  measures_.clear();
  for (const auto& name : list_at(protocol, "measures")) {
    if (!name.is_string()) throw DataError("'measures' lists what is no text");
    add_once(measures_, name.get<std::string>());
  }
  if (measures_.empty()) throw DataError("'measures' lists none");
}

void EvaluationFile::add(const nlohmann::json& result) {
  const auto model = text_at(result, "model");
  const auto support = member(result, "support").is_string()
                           ? text_at(result, "support")
                           : std::to_string(integer_at(result, "support", 0, kMostCount));
  add_once(models_, model);
  add_once(supports_, support);
  for (const auto& measure : measures_) {
    if (!values_.emplace(std::tuple(model, support, measure), measure_in(result, measure)).second)
      throw DataError(
          fmt::format("has two results of '{}' for support '{}'", printable(model, 80), printable(support, 80)));
  }
}

void EvaluationFile::check_is_whole() const {
  for (const auto& model : models_) {
    for (const auto& support : supports_) {
      if (!values_.contains({model, support, measures_.front()}))
        throw DataError(
            fmt::format("has no result of '{}' for support '{}'", printable(model, 80), printable(support, 80)));
    }
  }
}

double EvaluationFile::value(const std::string& model, const std::string& support, const std::string& measure) const {
  return values_.at({model, support, measure});
}

}  // namespace warmstart
