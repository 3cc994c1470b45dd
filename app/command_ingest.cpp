#include <fmt/format.h>

#include "app/command.h"
#include "app/communicator_ranks.h"
#include "app/progress_line.h"
#include "base/files.h"
#include "base/json.h"
#include "base/plural.h"
#include "cluster/agreement.h"
#include "data/ingest.h"

namespace warmstart {

ExitCode command_ingest(Invocation& invocation, Communicator& group) {
  const auto& options = invocation.configuration.data;
  agree(group, [&] { require(!options.dataset.empty(), "data.dataset is not set: name the folder to make"); });
  CommunicatorRanks ranks(group);
  ProgressDisplay display(ProgressDisplay::Tells::kLong);
  const auto report = ingest(options, ranks, [&](const IngestStatus& status) { display.show(status); });
  if (group.rank() > 0) return ExitCode::kOk;
  const auto manifest = read_json(report.dataset / "dataset.json");
  const double rate = static_cast<double>(report.rows_read) / report.seconds;
  if (invocation.line.json) {
    fmt::print("{}\n", nlohmann::json({{"dataset", report.dataset.string()},
                                       {"rows_read", report.rows_read},
                                       {"rows", report.rows},
                                       {"tasks", report.tasks},
                                       {"seconds", report.seconds},
                                       {"rows_per_second", rate},
                                       {"left_out", manifest["left_out"]},
                                       {"without_table_row", manifest["without_table_row"]}})
                           .dump());
    return ExitCode::kOk;
  }
  fmt::print("{}: {} with {} rows in {}, from {} rows read in {:.1f} s ({:.0f} rows/s)\n", report.dataset.string(),
             counted(report.tasks, manifest["schema"]["task"]), report.rows,
             counted(std::ssize(manifest["shards"]), "shard"), report.rows_read, report.seconds, rate);
  for (const auto& [noun, count] : manifest["without_table_row"].items()) {
    fmt::print("  {} interactions of {} that the {} table lacks\n", count["rows"].get<std::int64_t>(),
               counted(count["keys"].get<std::int64_t>(), noun), noun);
  }
  for (const auto& [reason, count] : manifest["left_out"].items()) {
    fmt::print("  left out: {} rows: {}\n", count["rows"].get<std::int64_t>(), reason);
    for (const std::string example : count["first"]) fmt::print("    {}\n", example);
  }
  return ExitCode::kOk;
}

}  // namespace warmstart
