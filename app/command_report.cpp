#include <fmt/format.h>

#include <map>
#include <sstream>

#include "app/command.h"
#include "app/plot.h"
#include "base/files.h"

namespace warmstart {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += c;
  }
  return result;
}

// The values of `key` by step, from the lines of metrics.jsonl that have it.
Series series_of(const std::string& metrics, const std::string& key, const std::string& name) {
  Series series{name, {}};
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.contains(key)) series.points.emplace_back(entry.at("step"), entry.at(key));
  }
  return series;
}

std::string support_name(const nlohmann::json& result) {
  const auto& support = result.at("support");
  return support.is_string() ? support.get<std::string>() : std::to_string(support.get<std::int64_t>());
}

struct Results {
  std::vector<std::string> models, supports;
  std::map<std::pair<std::string, std::string>, nlohmann::json> by_model_and_support;

  explicit Results(const nlohmann::json& evaluation) {
    for (const auto& result : evaluation.at("results")) {
      const std::string model = result.at("model"), support = support_name(result);
      if (std::find(models.begin(), models.end(), model) == models.end()) models.push_back(model);
      if (std::find(supports.begin(), supports.end(), support) == supports.end()) supports.push_back(support);
      by_model_and_support[{model, support}] = result;
    }
  }
  double value(const std::string& model, const std::string& support, const char* measure) const {
    return by_model_and_support.at({model, support}).at(measure);
  }
};

std::string error_plot(const Results& results) {
  Plot plot{"Error against support size", "support rows", "MAE", {}, {}};
  for (std::size_t i = 0; i < results.supports.size(); ++i)
    plot.x_ticks.emplace_back(static_cast<double>(i), results.supports[i]);
  for (const auto& model : results.models) {
    Series series{model, {}};
    for (std::size_t i = 0; i < results.supports.size(); ++i)
      series.points.emplace_back(static_cast<double>(i), results.value(model, results.supports[i], "mae"));
    plot.series.push_back(series);
  }
  return svg(plot);
}

std::string table(const Results& results, const char* measure) {
  std::string html = fmt::format("<table><tr><th>{}</th>", measure);
  for (const auto& support : results.supports) html += fmt::format("<th>{}</th>", escaped(support));
  for (const auto& model : results.models) {
    html += fmt::format("</tr>\n<tr><td>{}</td>", escaped(model));
    for (const auto& support : results.supports)
      html += fmt::format("<td>{:.4f}</td>", results.value(model, support, measure));
  }
  return html + "</tr></table>\n";
}

}  // namespace

ExitCode command_report(Invocation& invocation) {
  const auto& configuration = invocation.configuration;
  if (configuration.run.empty()) throw UsageError("train.run is not set: name the run to report on");
  if (configuration.report.empty()) throw UsageError("report.output is not set: name the HTML file to write");
  const auto metrics = read_file(configuration.run / "metrics.jsonl");
  std::string body;
  try {
    body += svg({"Training loss", "step", "loss", {series_of(metrics, "loss", "loss")}, {}});
    body += svg({"Validation", "step", "MAE", {series_of(metrics, "validation_mae", "MAE")}, {}});
    if (!configuration.evaluation.empty()) {
      const auto evaluation = read_json(configuration.evaluation);
      const Results results(evaluation);
      body += error_plot(results);
      body += fmt::format("<h2>{} {}s never seen in training, by support rows</h2>\n",
                          evaluation.at("protocol").at("tasks").get<std::int64_t>(),
                          escaped(evaluation.at("protocol").at("task")));
      for (const auto* measure : {"mae", "rmse", "ndcg@1", "ndcg@5"}) body += table(results, measure);
    }
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: metrics or evaluation are damaged: {}", configuration.run.string(), error.what()));
  }
  body += fmt::format("<h2>Configuration</h2>\n<pre>{}</pre>\n", escaped(read_file(configuration.run / "config.ini")));
  write_file(
      configuration.report,
      fmt::format(
          "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Warmstart: {0}</title>\n"
          "<style>body{{font-family:sans-serif;max-width:72em;margin:2em auto;padding:0 "
          "1em}}svg{{max-width:46em;display:block}}"
          "table{{border-collapse:collapse;margin:1em 0}}td,th{{padding:.2em .8em;text-align:right;border-bottom:1px "
          "solid #ddd}}"
          "td:first-child,th:first-child{{text-align:left}}pre{{background:#f6f6f6;padding:1em}}</style></head>\n"
          "<body><h1>{0}</h1>\n{1}</body></html>\n",
          escaped(configuration.run.string()), body));
  fmt::print("{}\n", configuration.report.string());
  return ExitCode::kOk;
}

}  // namespace warmstart
