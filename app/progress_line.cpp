#include "app/progress_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace warmstart {
namespace {

constexpr std::size_t kUsualColumns = 80;
constexpr std::chrono::seconds kBetweenLines{5};  // of a log

std::string as_clock(double seconds) {
  const auto whole = std::lround(seconds);
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

std::string progress_line(const TrainProgress& p, const std::string& validated, std::size_t columns) {
  const auto step = fmt::format("step {}/{}", p.step, p.steps), loss = fmt::format("  loss {:.4f}", p.loss);
  const auto rate = fmt::format("  {:.0f} tasks/s", p.tasks_per_second);
  const auto left = fmt::format("  {} left", as_clock(p.seconds_left));
  const auto validation = validated.empty() ? "" : "  " + validated;
  for (const auto& line : {step + loss + rate + left + validation, step + loss + left + validation,
                           step + loss + rate + left, step + loss + left, step + loss}) {
    if (line.size() <= columns) return line;
  }
  return step.substr(0, columns);
}

std::string progress_line(const std::string& what, std::int64_t done, std::int64_t all, double seconds,
                          std::size_t columns) {
  const auto share = fmt::format("{} {}/{}", what, done, all);
  const auto rate = seconds > 0.0 ? static_cast<double>(done) / seconds : 0.0;
  if (rate <= 0.0) return share.substr(0, columns);
  const auto left = fmt::format("  {} left", as_clock(static_cast<double>(all - done) / rate));
  for (const auto& line : {share + fmt::format("  {:.0f}/s", rate) + left, share + left})
    if (line.size() <= columns) return line;
  return share.substr(0, columns);
}

std::string progress_line(const IngestStatus& status, double seconds, std::size_t columns) {
  if (status.stage != std::string("read"))
    return progress_line(fmt::format("{} shards", status.stage), status.done, status.all, seconds, columns);
  const auto rows = fmt::format("read {} rows", status.rows);
  const auto rate = fmt::format("  {:.0f} rows/s", seconds > 0.0 ? static_cast<double>(status.rows) / seconds : 0.0);
  const auto left = seconds * static_cast<double>(status.all - status.done) / static_cast<double>(status.done);
  if (status.done <= 0 || seconds <= 0.0) return rows.substr(0, columns);
  for (const auto& line : {rows + rate + fmt::format("  {} left", as_clock(left)), rows + rate})
    if (line.size() <= columns) return line;
  return rows.substr(0, columns);
}

void ProgressDisplay::show(const IngestStatus& status) {
  if (stage_ != status.stage) {
    stage_ = status.stage;
    begun_ = told_;
  }
  told_ = std::chrono::steady_clock::now();
  show(status.done == status.all, [&](std::size_t columns) { return progress_line(status, seconds(), columns); });
}

double ProgressDisplay::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
}

void ProgressDisplay::show(const std::string& what, std::int64_t done, std::int64_t all) {
  show(done == all, [&](std::size_t columns) { return progress_line(what, done, all, seconds(), columns); });
}

bool ProgressDisplay::is_due(bool last) {
  const auto now = std::chrono::steady_clock::now();
  if (!isatty(STDERR_FILENO) && now - shown_ < kBetweenLines && !(last && tells_ == Tells::kAll)) return false;
  shown_ = now;
  return true;
}

std::size_t ProgressDisplay::columns() {
  return isatty(STDERR_FILENO) ? terminal_columns(STDERR_FILENO) : std::string::npos;
}

void ProgressDisplay::print(const std::string& line, bool last) {
  const bool terminal = isatty(STDERR_FILENO);
  fmt::print(stderr, "{}{}{}", terminal ? "\r\033[K" : "", line, terminal && !last ? "" : "\n");
  std::fflush(stderr);
}

std::size_t terminal_columns(int file) {
  winsize size{};
  const bool known = ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

}  // namespace warmstart
