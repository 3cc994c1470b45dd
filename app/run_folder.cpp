#include "app/run_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

std::string as_clock(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

RunFolder::RunFolder(const std::filesystem::path& path, const std::string& configuration) : path_(path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw EnvironmentError(fmt::format("{}: cannot create: {}", path.string(), error.message()));
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().filename().string().starts_with("step-") && entry.path().extension() != ".tmp") {
      throw UsageError(fmt::format("{}: holds a trained model already; remove it or set train.run to another folder", path.string()));
    }
  }
  write_file(path / "config.ini", configuration);
  metrics_.open(path / "metrics.jsonl", std::ios::trunc);
  if (!metrics_) throw_system_error("cannot create", path / "metrics.jsonl");
}

void RunFolder::add(const nlohmann::json& line) {
  // Flushed, so that what was measured before a crash can be read.
  if (!(metrics_ << line.dump() << std::endl)) throw_system_error("cannot write", path_ / "metrics.jsonl");
}

void RunFolder::progress(const TrainProgress& p) {
  add({{"step", p.step},
       {"loss", p.loss},
       {"gradient_norm", p.gradient_norm},
       {"rate", p.rate},
       {"tasks_per_second", p.tasks_per_second},
       {"data_wait_share", p.data_wait_share},
       {"reduce_share", p.reduce_share},
       {"padded_share", p.padded_share}});
  show(p);
}

void RunFolder::show(const TrainProgress& p) {
  const bool terminal = isatty(STDERR_FILENO);
  const auto now = std::chrono::steady_clock::now();
  // A terminal's line is overwritten; a log gets one every few seconds.
  if (!terminal && now - last_shown_ < std::chrono::seconds(5) && p.step != p.steps) return;
  last_shown_ = now;
  const auto validation = last_validation_ > 0.0 ? fmt::format("  validation MAE {:.4f}", last_validation_) : "";
  fmt::print(stderr, "{}step {}/{}  loss {:.4f}  {:.0f} tasks/s  {} left{}{}", terminal ? "\r\033[K" : "", p.step, p.steps, p.loss,
             p.tasks_per_second, as_clock(p.seconds_left), validation, terminal && p.step != p.steps ? "" : "\n");
  std::fflush(stderr);
}

void RunFolder::validated(std::int64_t step, double error) {
  last_validation_ = error;
  add({{"step", step}, {"validation_mae", error}});
}

}  // namespace warmstart
