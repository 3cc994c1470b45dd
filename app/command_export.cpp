#include <fmt/format.h>

#include "app/command.h"
#include "app/comparison.h"
#include "app/opened_run.h"
#include "base/errors.h"
#include "cluster/self_communicator.h"
#include "serving/model_repository.h"
#include "serving/served_recommender.h"
#include "serving/version_changes.h"

namespace warmstart {
namespace {

nlohmann::json to_json(const ExportReport& report) {
  auto files = nlohmann::json::object();
  for (const auto& [name, bytes] : report.files) files[name] = bytes;
  return {{"folder", report.folder.string()},
          {"version", report.version},
          {"verified_with_onnxruntime", report.runtime ? nlohmann::json(*report.runtime) : nlohmann::json()},
          {"requests", report.requests},
          {"largest_difference", report.largest_difference},
          {"changed_rows", report.changed_rows},
          {"bytes", files}};
}

std::string to_text(const ExportReport& report, const std::string& since) {
  std::string text = fmt::format("{}: version {}\n", report.folder.string(), report.version);
  for (const auto& [name, bytes] : report.files)
    if (name.ends_with(".onnx")) text += fmt::format("  {:<40} {:>12.1f} kB\n", name, static_cast<double>(bytes) / 1e3);
  text += fmt::format(
      "verified on {} requests of the data set's own rows: at most {:.1g} from the trainer, by LibTorch{}\n",
      report.requests, report.largest_difference,
      report.runtime ? fmt::format(" and ONNX Runtime {}", *report.runtime) : "");
  if (!since.empty())
    text += fmt::format("changes since version {}, {} rows of tables among them: {}\n", since, report.changed_rows,
                        (report.folder / ("since-" + since)).string());
  if (!report.runtime)
    text +=
        "NOT verified with ONNX Runtime, which is not here: run scripts/setup, or set WARMSTART_ONNXRUNTIME to its "
        "libonnxruntime.so\n";
  return text;
}

// The trained model and the exported graph on the test tasks.
Comparison evaluated(const OpenedRun& run, const ExportReport& report, const EvaluationOptions& options) {
  const auto runtime = OnnxRuntime::load();
  if (!runtime) throw EnvironmentError("export.evaluate needs ONNX Runtime: run scripts/setup");
  static SelfCommunicator alone;
  check(options);
  Comparison comparison(*run.dataset, options, alone);
  comparison.judge("trained", *run.model);
  const ServedRecommender exported(run.dataset->schema(), ExportedModel(report.folder).inputs(GraphKind::kModel),
                                   std::make_unique<OnnxSession>(runtime, report.folder / "model.onnx"));
  comparison.judge("exported", exported);
  return comparison;
}

ExitCode apply(const Invocation& invocation) {
  const auto& settings = invocation.configuration.exporting;
  require(settings.run.empty() && settings.since.empty(), "export.apply goes with export.to alone");
  const auto folder = apply_changes(settings.apply, settings.to);
  const nlohmann::json facts = {{"folder", folder.string()}, {"version", folder.filename().string()}};
  fmt::print("{}\n",
             invocation.line.json ? facts.dump() : fmt::format("{}: made, as it was exported", folder.string()));
  return ExitCode::kOk;
}

}  // namespace

ExitCode command_export(Invocation& invocation) {
  const auto& settings = invocation.configuration.exporting;
  require(!settings.to.empty(), "export.to is not set: name the folder of the model repository");
  if (!settings.apply.empty()) return apply(invocation);
  require(!settings.run.empty(), "export.run is not set: name the run to export");
  OpenedRun run(settings.run, invocation.configuration);
  const auto report = export_model(*run.model, *run.dataset, run.provenance,
                                   {settings.to, settings.name, settings.most_support.value_or(run.most_support),
                                    settings.precision, settings.items, settings.since});
  auto facts = to_json(report);
  auto text = to_text(report, settings.since);
  if (settings.evaluate) {
    const auto comparison = evaluated(run, report, invocation.configuration.evaluate);
    facts["evaluation"] = comparison.json();
    text += "\n" + comparison.table();
  }
  fmt::print("{}", invocation.line.json ? facts.dump() + "\n" : text);
  return ExitCode::kOk;
}

}  // namespace warmstart
