#include "app/run_folder.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>

#include "app/metrics_file.h"
#include "app/progress_line.h"
#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

nlohmann::json keys_of(const GrowthTotals& totals) {
  return {{"keys_with_rows", totals.rows},
          {"keys_waiting", totals.waiting},
          {"keys_admitted", totals.admitted},
          {"keys_evicted", totals.evicted}};
}

}  // namespace

std::unique_ptr<RunLock> lock_run(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw EnvironmentError(fmt::format("{}: cannot create: {}", path.string(), error.message()));
  auto lock = std::make_unique<RunLock>(path);
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".tmp") std::filesystem::remove_all(entry.path(), error);
  }
  return lock;
}

RunFolder::RunFolder(const std::filesystem::path& path, const std::string& configuration, std::int64_t step,
                     Measure measure)
    : path_(path), measure_(measure) {
  write_file(path / "config.ini", configuration);
  keep_metrics_until(step);
  metrics_.open(path / "metrics.jsonl", std::ios::app);
  if (!metrics_) throw_system_error("cannot create", path / "metrics.jsonl");
}

void RunFolder::keep_metrics_until(std::int64_t step) {
  const auto metrics = read_metrics(path_);
  for (const auto& damaged : metrics.damaged) spdlog::warn("{}; the line is left out", damaged);
  std::string kept;
  for (const auto& entry : metrics.entries) {
    if (entry.at("step").get<std::int64_t>() <= step) kept += entry.dump() + "\n";
  }
  write_file(path_ / "metrics.jsonl", kept);
}

void RunFolder::add(const nlohmann::json& line) {
  // Flushed, so that what was measured before a crash can be read.
  if (!(metrics_ << line.dump() << std::endl)) throw_system_error("cannot write", path_ / "metrics.jsonl");
}

void RunFolder::progress(const TrainProgress& p) {
  nlohmann::json line = {{"step", p.step},
                         {"steps", p.steps},
                         {"seconds_left", p.seconds_left},
                         {"loss", p.loss},
                         {"gradient_norm", p.gradient_norm},
                         {"rate", p.rate},
                         {"tasks_per_second", p.tasks_per_second},
                         {"data_wait_share", p.data_wait_share},
                         {"reduce_share", p.reduce_share},
                         {"hidden_reduce_share", p.hidden_reduce_share},
                         {"exchange_share", p.exchange_share},
                         {"encoding_share", p.encoding_share},
                         {"padded_share", p.padded_share},
                         {"repeated_lookup_share", p.repeated_share},
                         {"reduced_bytes", p.bytes.reduced},
                         {"exchanged_bytes", p.bytes.exchanged},
                         {"most_exchanged_bytes", p.bytes.exchanged_most},
                         {"encoding_bytes", p.bytes.encodings}};
  if (p.growth) {
    line.update(keys_of(*p.growth));
    for (const auto& [field, totals] : p.growth->of_fields) line["fields"][field] = keys_of(totals);
  }
  add(line);
  show(p);
}

void RunFolder::show(const TrainProgress& p) {
  const auto validation =
      last_validation_ ? fmt::format("validation {} {:.4f}", title_of(measure_), *last_validation_) : "";
  display_.show(p.step == p.steps, [&](std::size_t columns) { return progress_line(p, validation, columns); });
}

void RunFolder::validated(std::int64_t step, double value) {
  last_validation_ = value;
  add({{"step", step}, {"validation_" + name_of(measure_), value}});
}

void RunFolder::saved(const WrittenCheckpoint& written) {
  if (written.failure.empty()) {
    add({{"step", written.step}, {"checkpoint_seconds", written.seconds}});
    return;
  }
  spdlog::warn(
      "THE CHECKPOINT OF STEP {} WAS NOT WRITTEN: {}. Training goes on; a crash would lose what came after the last "
      "good one",
      written.step, written.failure);
}

void RunFolder::rolled_back(const Rollback& rollback) {
  spdlog::warn("diverged: {}. Went back to step {}; the meta-batches around it are skipped", rollback.reason,
               rollback.to_step);
  // Flushed by add(); what was measured in the steps that are taken again goes away.
  metrics_.close();
  keep_metrics_until(rollback.to_step);
  metrics_.open(path_ / "metrics.jsonl", std::ios::app);
  add({{"step", rollback.to_step}, {"rolled_back", rollback.reason}});
}

}  // namespace warmstart
