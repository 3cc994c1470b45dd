#pragma once

#include "app/evaluation_file.h"
#include "app/plot.h"

namespace warmstart {

// The parts of a run's report.

// The values of `key` by step, from the lines of metrics.jsonl that have it.
Series series_of(const std::vector<nlohmann::json>& metrics, const std::string& key, const std::string& name);

// What validation found, one series for each measure that there is.
std::vector<Series> validations_of(const std::vector<nlohmann::json>& metrics);

// The first measure against support size, a line a model.
Plot support_plot(const EvaluationFile& evaluation);

// HTML: models down, support sizes across.
std::string table(const EvaluationFile& evaluation, const std::string& measure);
std::string page(const std::string& title, const std::string& body);

}  // namespace warmstart
