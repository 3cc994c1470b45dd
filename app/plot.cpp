#include "app/plot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

constexpr std::array kColours = {"#888888", "#1b9e77", "#7570b3", "#e6ab02", "#d62728"};

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) (c == '"' || c == '\\' ? result += '\\' : result) += c;
  return result + "\"";
}

std::string script_of(const Plot& plot) {
  std::string script = fmt::format(
      "set terminal svg size 640,400 dynamic font 'sans-serif,13' background 'white' noenhanced\n"
      "set title {}\nset xlabel {}\nset ylabel {}\nset grid\nset key outside right\n",
      quoted(plot.title), quoted(plot.x_label), quoted(plot.y_label));
  if (!plot.x_ticks.empty()) {
    std::string ticks;
    for (const auto& [x, label] : plot.x_ticks)
      ticks += fmt::format("{}{} {}", ticks.empty() ? "" : ", ", quoted(label), x);
    script += fmt::format("set xtics ({})\n", ticks);
  }
  std::string drawn;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    script += fmt::format("$data{} << END\n", i);
    for (const auto& [x, y] : plot.series[i].points) script += fmt::format("{} {}\n", x, y);
    script += "END\n";
    drawn += fmt::format("{} $data{} using 1:2 with linespoints pointsize 0.4 linewidth 2 linecolor rgb '{}' title {}",
                         i ? "," : "", i, kColours[plot.series.size() == 1 ? kColours.size() - 1 : i % kColours.size()],
                         quoted(plot.series[i].name));
  }
  return script + "plot" + drawn + "\n";
}

}  // namespace

std::string svg(const Plot& plot) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("warmstart-plot-{}.gp", getpid());
  write_file(path, script_of(plot));
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(fmt::format("gnuplot '{}'", path.string()).c_str(), "r"),
                                                   pclose);
  std::string output;
  std::array<char, 4096> piece;
  while (const auto count = pipe ? fread(piece.data(), 1, piece.size(), pipe.get()) : 0)
    output.append(piece.data(), count);
  std::filesystem::remove(path);
  const auto start = output.find("<svg");
  if (start == std::string::npos)
    throw EnvironmentError("gnuplot drew nothing; install it (Debian: gnuplot-nox) or look at its message above");
  return output.substr(start);
}

}  // namespace warmstart
