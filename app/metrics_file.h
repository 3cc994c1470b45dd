#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace warmstart {

// What a run's metrics.jsonl says, line by line.
struct Metrics {
  // Objects with a whole number "step"; other values are numbers, or null where one was not finite, or texts.
  std::vector<nlohmann::json> entries;
  std::vector<std::string> damaged;  // "<file>:<line>: what is wrong", of lines that are no such objects
};

// The last line of a program that was killed may be cut, and is passed over.
Metrics parse_metrics(std::string_view text, const std::string& name);

// Those of a run's folder; nothing where it has no metrics.jsonl.  Throws DataError when the file cannot be read.
Metrics read_metrics(const std::filesystem::path& run);

// The same, for those who show them.  Throws DataError naming the first damaged line.
std::vector<nlohmann::json> read_sound_metrics(const std::filesystem::path& run);

}  // namespace warmstart
