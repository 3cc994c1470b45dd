#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/command.h"
#include "base/host.h"
#include "base/plural.h"
#include "trainer/cost/run_plan.h"

namespace warmstart {
namespace {

std::string tables_text(const nlohmann::json& tables) {
  std::string text;
  for (const auto& table : tables)
    text += fmt::format("table {}: {} rows of {}, sharded\n", table.at("name").get<std::string>(),
                        table.at("rows").get<std::int64_t>(), table.at("width").get<std::int64_t>());
  return text;
}

std::string fit_of(const nlohmann::json& ranks) {
  if (ranks.at("fit_this_host").get<bool>()) return "all on this host";
  return ranks.at("fit_a_host_each").get<bool>() ? "a host each" : "no";
}

std::string megabytes(const nlohmann::json& bytes) { return fmt::format("{:.2f}", bytes.get<double>() / 1e6); }

std::string ranks_text(const nlohmann::json& list) {
  auto text = fmt::format("{:>6} {:>11} {:>11} {:>11} {:>11} {:>10} {:>10} {:>10} {:>10}  {}\n", "ranks", "parameters",
                          "optimizer", "tables", "in all", "exchanged", "reduced", "encodings", "a step", "fits");
  for (const auto& ranks : list) {
    const auto& [memory, bytes] = std::tie(ranks.at("memory_bytes"), ranks.at("sent_bytes"));
    const auto tables = memory.at("tables").get<double>() + memory.at("beside_rows").get<double>();
    text +=
        fmt::format("{:>6} {:>11} {:>11} {:>11} {:>11} {:>10} {:>10} {:>10} {:>10}  {}\n",
                    ranks.at("ranks").get<std::int64_t>(), megabytes(memory.at("parameters")),
                    megabytes(memory.at("optimizer")), megabytes(tables), megabytes(memory.at("total")),
                    megabytes(bytes.at("exchanged")), megabytes(bytes.at("reduced")), megabytes(bytes.at("encodings")),
                    fmt::format("{:.3g} ms", 1e3 * ranks.at("step_seconds").at("total").get<double>()), fit_of(ranks));
  }
  return text + "a rank's memory, and what it sends (and receives) in a meta-step, in MB\n";
}

std::string to_text(const nlohmann::json& plan) {
  const auto& step = plan.at("step");
  auto text = fmt::format("a meta-step: {} tasks of {:.1f} rows, {:.0f} different {} among them\n",
                          step.at("tasks").get<std::int64_t>(), step.at("rows_of_task").get<double>(),
                          step.at("entities").get<double>(), step.at("entity").get<std::string>());
  text += fmt::format("parameters that all ranks hold: {}\n", plan.at("parameters").get<std::int64_t>());
  text += tables_text(plan.at("tables")) + ranks_text(plan.at("ranks"));
  text +=
      fmt::format("this host has {} of memory; a checkpoint takes {} of the disk, and {} are free\n",
                  in_units(plan.at("host_bytes").get<double>()), in_units(plan.at("checkpoint_bytes").get<double>()),
                  in_units(plan.at("disk_bytes").get<double>()));
  if (plan.contains("delta"))
    text += fmt::format("a delta to it, {} meta-steps later, takes {}\n", plan["delta"].at("steps").get<std::int64_t>(),
                        in_units(plan["delta"].at("bytes").get<double>()));
  for (const auto& assumption : plan.at("assumes")) text += fmt::format("assumes: {}\n", assumption.get<std::string>());
  return text;
}

}  // namespace

ExitCode command_plan(Invocation& invocation) {
  const auto& configuration = invocation.configuration;
  check(configuration, static_cast<int>(std::max<std::int64_t>(1, configuration.machine.ranks)));
  const Dataset dataset(configuration.data.dataset, false);
  const auto options = train_options(configuration);
  const RunPlan plan(dataset, configuration.model, options, configuration.machine,
                     configuration.device == DeviceKind::kCpu);
  const auto facts = plan.facts();
  fmt::print("{}", invocation.line.json ? facts.dump() + "\n" : to_text(facts));
  plan.require_fit();
  return ExitCode::kOk;
}

}  // namespace warmstart
