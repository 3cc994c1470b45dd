#include "app/progress_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

namespace warmstart {
namespace {

constexpr std::size_t kUsualColumns = 80;

std::string as_clock(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
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

std::size_t terminal_columns(int file) {
  winsize size{};
  const bool known = ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return (known ? size.ws_col : kUsualColumns) - 1;
}

}  // namespace warmstart
