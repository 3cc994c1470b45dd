// Any text as a run's metrics.jsonl: every line is an entry, or is told to be damaged, or is the cut last one.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/metrics_file.h"
#include "app/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto metrics = warmstart::parse_metrics(text, "metrics.jsonl");
  const auto whole = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const auto told = metrics.entries.size() + metrics.damaged.size();
  if (told < whole || told > whole + 1) std::abort();
  for (const auto& entry : metrics.entries) {
    if (entry.at("step").get<std::int64_t>() < 0) std::abort();
    entry.dump();
  }
  for (const auto* key : {"loss", "validation_mae"}) {
    if (warmstart::series_of(metrics.entries, key, key).points.size() > metrics.entries.size()) std::abort();
  }
  return 0;
}
