#include "app/evaluation_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "base/text.h"
#include "trainer/metrics.h"

namespace warmstart {
namespace {

const nlohmann::json& member(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end()) throw DataError(fmt::format("has no '{}'", key));
  return *found;
}

std::string text_in(const nlohmann::json& object, const char* key) {
  const auto& value = member(object, key);
  if (!value.is_string()) throw DataError(fmt::format("'{}' is no text", key));
  return value.get<std::string>();
}

std::int64_t count_in(const nlohmann::json& object, const char* key) {
  const auto& value = member(object, key);
  if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() > 1e15)
    throw DataError(fmt::format("'{}' is no whole number from 0", key));
  return value.get<std::int64_t>();
}

double measure_in(const nlohmann::json& object, const char* key) {
  const auto& value = member(object, key);
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_number()) throw DataError(fmt::format("'{}' is no number", key));
  return value.get<double>();
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

}  // namespace

EvaluationFile::EvaluationFile(const nlohmann::json& evaluation, const std::string& where) {
  try {
    const auto& protocol = member(evaluation, "protocol");
    tasks_ = count_in(protocol, "tasks");
    task_ = text_in(protocol, "task");
    const auto& results = member(evaluation, "results");
    if (!results.is_array()) throw DataError("'results' is no list");
    for (const auto& result : results) add(result);
    check_is_whole();
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}; make it again with: warmstart evaluate", where, error.what()));
  }
}

void EvaluationFile::add(const nlohmann::json& result) {
  const auto model = text_in(result, "model");
  const auto support =
      member(result, "support").is_string() ? text_in(result, "support") : std::to_string(count_in(result, "support"));
  add_once(models_, model);
  add_once(supports_, support);
  for (const auto* measure : TaskMetrics::kShown) {
    if (!values_.emplace(std::tuple(model, support, measure), measure_in(result, measure)).second)
      throw DataError(
          fmt::format("has two results of '{}' for support '{}'", printable(model, 80), printable(support, 80)));
  }
}

void EvaluationFile::check_is_whole() const {
  for (const auto& model : models_) {
    for (const auto& support : supports_) {
      if (!values_.contains({model, support, TaskMetrics::kShown[0]}))
        throw DataError(
            fmt::format("has no result of '{}' for support '{}'", printable(model, 80), printable(support, 80)));
    }
  }
}

double EvaluationFile::value(const std::string& model, const std::string& support, const std::string& measure) const {
  return values_.at({model, support, measure});
}

}  // namespace warmstart
