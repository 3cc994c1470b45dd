#include "app/metrics_file.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

constexpr double kMostSteps = 1e15;

// Empty when `entry` is a line of metrics.
std::string problem_of(const nlohmann::json& entry) {
  if (!entry.is_object()) return "is no JSON object";
  const auto step = entry.find("step");
  if (step == entry.end()) return "has no 'step'";
  if (!step->is_number_integer() || step->get<double>() < 0 || step->get<double>() > kMostSteps)
    return "'step' is no whole number from 0";
  for (const auto& [key, value] : entry.items()) {
    const bool text = key == "rolled_back";
    if (text ? !value.is_string() : !value.is_number() && !value.is_null())
      return fmt::format("'{}' is no {}", key, text ? "text" : "number");
  }
  return "";
}

}  // namespace

Metrics parse_metrics(std::string_view text, const std::string& name) {
  Metrics metrics;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const bool cut = end == std::string_view::npos;
    auto entry = nlohmann::json::parse(text.substr(0, end), nullptr, false);
    const auto problem = problem_of(entry);
    if (problem.empty())
      metrics.entries.push_back(std::move(entry));
    else if (!cut)
      metrics.damaged.push_back(fmt::format("{}:{}: {}", name, line, problem));
    text.remove_prefix(cut ? text.size() : end + 1);
  }
  return metrics;
}

Metrics read_metrics(const std::filesystem::path& run) {
  const auto path = run / "metrics.jsonl";
  if (!std::filesystem::exists(path)) return {};
  return parse_metrics(read_file(path), path.string());
}

std::vector<nlohmann::json> read_sound_metrics(const std::filesystem::path& run) {
  auto metrics = read_metrics(run);
  if (!metrics.damaged.empty())
    throw DataError(
        fmt::format("{}; remove the line, or start the run again: it goes on without it", metrics.damaged[0]));
  return std::move(metrics.entries);
}

}  // namespace warmstart
