#include <fmt/format.h>

#include <fstream>

#include "app/command.h"
#include "base/files.h"
#include "checkpoints/checkpoint.h"
#include "slurm/slurm_command.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// The last lines of metrics.jsonl, one over the other: each key at its newest.
nlohmann::json newest_metrics(const fs::path& run) {
  auto newest = nlohmann::json::object();
  std::ifstream file(run / "metrics.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (entry.is_object()) newest.update(entry);
  }
  return newest;
}

nlohmann::json slurm_facts(const fs::path& run) {
  if (!fs::exists(run / "slurm.json")) return {{"state", "not submitted to Slurm"}};
  const std::string job = read_json(run / "slurm.json").at("job");
  nlohmann::json facts = {{"job", job}};
  const auto known = slurm_is_here() ? job_facts(job) : std::nullopt;
  if (!known) {
    facts["state"] =
        slurm_is_here() ? "no longer known to Slurm" : "unknown: Slurm is not on this machine (no sbatch on the PATH)";
    return facts;
  }
  const auto of = [&](const char* key) { return known->contains(key) ? known->at(key) : ""; };
  facts["state"] = of("JobState");
  facts["requeues"] = of("Restarts").empty() ? 0 : std::stoi(of("Restarts"));
  facts["nodes"] = of("NodeList");
  facts["reason"] = of("Reason");
  return facts;
}

nlohmann::json facts_of(const fs::path& run) {
  if (!fs::is_directory(run)) throw DataError(fmt::format("{}: is not the folder of a run", run.string()));
  nlohmann::json facts = {
      {"run", run.string()}, {"slurm", slurm_facts(run)}, {"metrics", newest_metrics(run)}, {"checkpoint", nullptr}};
  const auto folders = checkpoints_of(run);
  if (!folders.empty()) facts["checkpoint"] = folders.front().filename().string();
  return facts;
}

std::string as_text(const nlohmann::json& facts) {
  const auto& slurm = facts.at("slurm");
  auto text = fmt::format("{}: {}", facts.at("run").get<std::string>(), slurm.at("state").get<std::string>());
  if (slurm.contains("job")) text += fmt::format(", job {}", slurm["job"].get<std::string>());
  if (slurm.contains("requeues"))
    text += fmt::format(", requeued {} times, on {} ({})", slurm["requeues"].get<int>(),
                        slurm["nodes"].get<std::string>(), slurm["reason"].get<std::string>());
  const auto& metrics = facts.at("metrics");
  if (metrics.contains("tasks_per_second")) {
    text += fmt::format("\n  step {} of {}, {:.0f} tasks/s, {:.0f} s left when it was written",
                        metrics.at("step").get<std::int64_t>(), metrics.at("steps").get<std::int64_t>(),
                        metrics.at("tasks_per_second").get<double>(), metrics.at("seconds_left").get<double>());
  }
  const auto& checkpoint = facts.at("checkpoint");
  return text + fmt::format("\n  last checkpoint: {}\n", checkpoint.is_null() ? "none" : checkpoint.get<std::string>());
}

}  // namespace

ExitCode command_status(Invocation& invocation) {
  std::vector<fs::path> runs(invocation.line.positional.begin(), invocation.line.positional.end());
  if (runs.empty()) {
    require_slurm();
    for (const auto& [job, run] : own_jobs()) {
      if (fs::is_directory(run)) runs.emplace_back(run);
    }
    if (runs.empty() && !invocation.line.json) fmt::print("no job of yours is with Slurm\n");
  }
  auto all = nlohmann::json::array();
  for (const auto& run : runs) all.push_back(facts_of(run));
  if (invocation.line.json) {
    fmt::print("{}\n", all.dump());
    return ExitCode::kOk;
  }
  for (const auto& facts : all) fmt::print("{}", as_text(facts));
  return ExitCode::kOk;
}

}  // namespace warmstart
