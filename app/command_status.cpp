#include <fmt/format.h>

#include <charconv>

#include "app/command.h"
#include "app/metrics_file.h"
#include "base/files.h"
#include "base/json.h"
#include "checkpoints/checkpoint.h"
#include "slurm/slurm_command.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// The lines of metrics.jsonl, one over the other: each key at its newest.
nlohmann::json newest_metrics(const fs::path& run) {
  auto newest = nlohmann::json::object();
  for (const auto& entry : read_sound_metrics(run)) newest.update(entry);
  return newest;
}

// The id that submit noted.
std::string job_of(const fs::path& run) {
  const auto path = run / "slurm.json";
  const auto facts = read_json(path);
  if (!facts.is_object() || !facts.contains("job") || !facts["job"].is_string())
    throw DataError(fmt::format("{}: has no 'job' that is a text; remove it, or submit the run again", path.string()));
  return facts["job"];
}

// A count in Slurm's words; 0 where it says none.
std::int64_t as_count(const std::string& text) {
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

nlohmann::json slurm_facts(const fs::path& run) {
  if (!fs::exists(run / "slurm.json")) return {{"state", "not submitted to Slurm"}};
  const auto job = job_of(run);
  nlohmann::json facts = {{"job", job}};
  const auto known = slurm_is_here() ? job_facts(job) : std::nullopt;
  if (!known) {
    facts["state"] =
        slurm_is_here() ? "no longer known to Slurm" : "unknown: Slurm is not on this machine (no sbatch on the PATH)";
    return facts;
  }
  const auto of = [&](const char* key) { return known->contains(key) ? known->at(key) : ""; };
  facts["state"] = of("JobState");
  facts["requeues"] = as_count(of("Restarts"));
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

// Rounded; "?" where it is absent or was not finite.
std::string metric_in(const nlohmann::json& metrics, const char* key) {
  const auto found = metrics.find(key);
  return found != metrics.end() && found->is_number() ? fmt::format("{:.0f}", found->get<double>()) : "?";
}

std::string lines_of(const nlohmann::json& facts) {
  const auto& slurm = facts.at("slurm");
  auto text = fmt::format("{}: {}", facts.at("run").get<std::string>(), slurm.at("state").get<std::string>());
  if (slurm.contains("job")) text += fmt::format(", job {}", slurm["job"].get<std::string>());
  if (slurm.contains("requeues"))
    text += fmt::format(", requeued {} times, on {} ({})", slurm["requeues"].get<int>(),
                        slurm["nodes"].get<std::string>(), slurm["reason"].get<std::string>());
  const auto& metrics = facts.at("metrics");
  if (metrics.contains("tasks_per_second")) {
    text += fmt::format("\n  step {} of {}, {} tasks/s, {} s left when it was written", metric_in(metrics, "step"),
                        metric_in(metrics, "steps"), metric_in(metrics, "tasks_per_second"),
                        metric_in(metrics, "seconds_left"));
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
  for (const auto& facts : all) fmt::print("{}", lines_of(facts));
  return ExitCode::kOk;
}

}  // namespace warmstart
