#include <ATen/ATen.h>
#include <fmt/format.h>

#include "app/command.h"
#include "app/comparison.h"
#include "app/exported_memories.h"
#include "app/opened_run.h"
#include "base/errors.h"
#include "base/plural.h"
#include "cluster/agreement.h"
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
  Comparison comparison(run.dataset(), options, alone);
  comparison.judge("trained", run.model());
  const ServedRecommender exported(run.dataset().schema(), ExportedModel(report.folder).inputs(GraphKind::kModel),
                                   std::make_unique<OnnxSession>(runtime, report.folder / "model.onnx"));
  comparison.judge("exported", exported);
  return comparison;
}

// Said before a model is exported, rather than behind it.
void check_folder_of(const std::filesystem::path& file) {
  if (file.empty()) return;
  const auto folder = std::filesystem::absolute(file).parent_path();
  if (!std::filesystem::is_directory(folder))
    throw EnvironmentError(fmt::format("{}: cannot be written: there is no folder {}", file.string(), folder.string()));
}

void check(const ExportSettings& settings) {
  if (!settings.apply.empty()) {
    require(!settings.to.empty(), "export.to is not set: name the folder of the model repository");
    require(settings.run.empty() && settings.model.empty() && settings.memories.empty() && settings.since.empty(),
            "export.apply goes with export.to alone");
    return;
  }
  require(!settings.run.empty(), "export.run is not set: name the run to export");
  require(settings.model.empty() || !settings.memories.empty(),
          "export.model makes memories: name their file with export.memories");
  require(settings.model.empty() || settings.to.empty(),
          "export wants one of export.to (to export the run) and export.model (to make memories alone)");
  require(!settings.to.empty() || !settings.model.empty(),
          settings.memories.empty() ? "export.to is not set: name the folder of the model repository"
                                    : "export.memories wants export.model (an exported model), or export.to");
  check_folder_of(settings.memories);
}

// What a command has found, for scripts and for people.
struct Findings {
  nlohmann::json facts = nlohmann::json::object();
  std::string text;
};

Findings applied(const ExportSettings& settings) {
  const auto folder = apply_changes(settings.apply, settings.to);
  return {{{"folder", folder.string()}, {"version", folder.filename().string()}},
          fmt::format("{}: made, as it was exported\n", folder.string())};
}

// On the disk where a folder will be made.
std::filesystem::path existing_folder(const std::filesystem::path& folder) {
  auto existing = std::filesystem::absolute(folder).lexically_normal();
  while (!std::filesystem::is_directory(existing) && existing.has_relative_path()) existing = existing.parent_path();
  return existing;
}

ExportReport export_run(const Configuration& configuration, Findings& findings) {
  const auto& settings = configuration.exporting;
  const auto& spill = configuration.train.tables.spill;
  OpenedRun run(settings.run, configuration, spill.empty() ? existing_folder(settings.to) : spill);
  run.bring_all();
  auto report = export_model(run.model(), run.dataset(), run.provenance(),
                             {settings.to, settings.name, settings.most_support.value_or(run.most_support()),
                              settings.precision, settings.items, settings.since});
  findings = {to_json(report), to_text(report, settings.since)};
  if (!settings.evaluate) return report;
  const auto comparison = evaluated(run, report, configuration.evaluate);
  findings.facts["evaluation"] = comparison.json();
  findings.text += fmt::format("\n{}", comparison.table());
  return report;
}

// The folder of the version that rank 0 has exported, for all ranks.  Collective.
std::filesystem::path exported_version(const ExportSettings& settings, const ExportReport& report,
                                       Communicator& group) {
  auto version = at::full({1}, group.rank() == 0 ? std::stoll(report.version) : 0, at::kLong);
  group.broadcast(version, 0);
  return settings.to / settings.name / std::to_string(version.item<std::int64_t>());
}

// Collective.
void add_memories(const Configuration& configuration, const std::filesystem::path& model, Communicator& group,
                  Findings& findings) {
  const auto& settings = configuration.exporting;
  const auto dataset = dataset_of_run(settings.run, configuration, group);
  const auto report = export_memories(settings.memories, model, *dataset, group);
  findings.facts["memories"] = {{"file", settings.memories.string()},
                                {"tasks", report.tasks},
                                {"numbers", report.numbers},
                                {"bytes", report.bytes},
                                {"seconds", report.seconds}};
  findings.text +=
      fmt::format("{}: memories of {}, {} numbers each, {:.1f} MB, in {:.1f} s on {}\n", settings.memories.string(),
                  counted(report.tasks, dataset->schema().task), report.numbers,
                  static_cast<double>(report.bytes) / 1e6, report.seconds, counted(group.size(), "rank"));
}

}  // namespace

ExitCode command_export(Invocation& invocation, Communicator& group) {
  const auto& configuration = invocation.configuration;
  const auto& settings = configuration.exporting;
  Findings findings;
  ExportReport report;
  agree(group, [&] {
    check(settings);
    if (group.rank() != 0) return;
    if (!settings.apply.empty())
      findings = applied(settings);
    else if (settings.model.empty())
      report = export_run(configuration, findings);
  });
  if (!settings.memories.empty()) {
    const auto model = settings.model.empty() ? exported_version(settings, report, group) : settings.model;
    add_memories(configuration, model, group, findings);
  }
  if (group.rank() == 0) fmt::print("{}", invocation.line.json ? findings.facts.dump() + "\n" : findings.text);
  return ExitCode::kOk;
}

}  // namespace warmstart
