#include "app/report.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "app/markup.h"
#include "trainer/evaluation/measure.h"

namespace warmstart {

Series series_of(const std::vector<nlohmann::json>& metrics, const std::string& key, const std::string& name) {
  Series series{name, {}};
  for (const auto& entry : metrics) {
    const auto value = entry.find(key);
    if (value != entry.end() && value->is_number())
      series.points.emplace_back(entry.at("step").get<double>(), value->get<double>());
  }
  return series;
}

std::vector<Series> validations_of(const std::vector<nlohmann::json>& metrics) {
  const std::string prefix = "validation_";
  std::map<std::string, std::string> titles;  // by keys
  for (const auto& line : metrics) {
    for (const auto& [key, value] : line.items()) {
      if (!key.starts_with(prefix)) continue;
      if (const auto measure = measure_named(key.substr(prefix.size()))) titles[key] = title_of(*measure);
    }
  }
  std::vector<Series> all;
  for (const auto& [key, title] : titles) {
    auto series = series_of(metrics, key, title);
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

Plot support_plot(const EvaluationFile& evaluation) {
  const auto& measure = evaluation.measures().front();
  Plot plot{measure + " against support size", "support rows", measure, {}, {}};
  const auto& supports = evaluation.supports();
  for (std::size_t i = 0; i < supports.size(); ++i) plot.x_ticks.emplace_back(static_cast<double>(i), supports[i]);
  for (const auto& model : evaluation.models()) {
    Series series{model, {}};
    for (std::size_t i = 0; i < supports.size(); ++i)
      series.points.emplace_back(static_cast<double>(i), evaluation.value(model, supports[i], measure));
    plot.series.push_back(series);
  }
  return plot;
}

std::string table(const EvaluationFile& evaluation, const std::string& measure) {
  std::string html = fmt::format("<table><tr><th>{}</th>", escaped(measure));
  for (const auto& support : evaluation.supports()) html += fmt::format("<th>{}</th>", escaped(support));
  for (const auto& model : evaluation.models()) {
    html += fmt::format("</tr>\n<tr><td>{}</td>", escaped(model));
    for (const auto& support : evaluation.supports()) {
      const double value = evaluation.value(model, support, measure);
      html += std::isfinite(value) ? fmt::format("<td>{:.4f}</td>", value) : "<td>-</td>";
    }
  }
  return html + "</tr></table>\n";
}

std::string page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Warmstart: {0}</title>\n"
      "<style>body{{font-family:sans-serif;max-width:72em;margin:2em auto;padding:0 1em}}"
      "svg{{max-width:46em;display:block}}table{{border-collapse:collapse;margin:1em 0}}"
      "td,th{{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}}"
      "td:first-child,th:first-child{{text-align:left}}pre{{background:#f6f6f6;padding:1em}}</style></head>\n"
      "<body><h1>{0}</h1>\n{1}</body></html>\n",
      escaped(title), body);
}

}  // namespace warmstart
