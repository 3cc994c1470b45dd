#include <fmt/format.h>

#include "app/command.h"
#include "app/markup.h"
#include "app/metrics_file.h"
#include "app/report.h"
#include "base/files.h"
#include "base/json.h"
#include "base/plural.h"

namespace warmstart {
namespace {

std::string curves_of(const std::filesystem::path& run) {
  const auto metrics = read_sound_metrics(run);
  return svg({"Training loss", "step", "loss", {series_of(metrics, "loss", "loss")}, {}}) +
         svg({"Validation", "step", "", validations_of(metrics), {}});
}

std::string comparison_of(const std::filesystem::path& path) {
  const EvaluationFile evaluation(read_json(path), path.string());
  auto html = svg(support_plot(evaluation)) + fmt::format("<h2>{} never seen in training, by support rows</h2>\n",
                                                          counted(evaluation.tasks(), escaped(evaluation.task())));
  for (const auto& measure : evaluation.measures()) html += table(evaluation, measure);
  return html;
}

}  // namespace

ExitCode command_report(Invocation& invocation) {
  const auto& configuration = invocation.configuration;
  if (configuration.run.empty()) throw UsageError("train.run is not set: name the run to report on");
  if (configuration.report.empty()) throw UsageError("report.output is not set: name the HTML file to write");
  const auto settings = read_file(configuration.run / "config.ini");
  auto body = curves_of(configuration.run);
  if (!configuration.evaluation.empty()) body += comparison_of(configuration.evaluation);
  body += fmt::format("<h2>Configuration</h2>\n<pre>{}</pre>\n", escaped(settings));
  write_file(configuration.report, page(configuration.run.string(), body));
  fmt::print("{}\n", configuration.report.string());
  return ExitCode::kOk;
}

}  // namespace warmstart
