#include "app/metrics_file.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMostSteps = std::int64_t{1} << 50;

void check_member(const std::string& key, const nlohmann::json& value) {
  if (value.is_null()) return;
  key == "rolled_back" ? static_cast<void>(as_text(value, "'rolled_back'"))
                       : static_cast<void>(as_number(value, fmt::format("'{}'", key)));
}

// Throws DataError naming `where` unless `text` is a line of metrics.
nlohmann::json parse_line(std::string_view text, const std::string& where) {
  auto entry = parse_json(text, where);
  try {
    integer_at(entry, "step", 0, kMostSteps);
    for (const auto& [key, value] : entry.items()) check_member(key, value);
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", where, error.what()));
  }
  return entry;
}

}  // namespace

Metrics parse_metrics(std::string_view text, const std::string& name) {
  Metrics metrics;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const bool cut = end == std::string_view::npos;
    try {
      metrics.entries.push_back(parse_line(text.substr(0, end), fmt::format("{}:{}", name, line)));
    } catch (const DataError& error) {
      if (!cut) metrics.damaged.emplace_back(error.what());
    }
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
