#include "app/plot.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "app/markup.h"
#include "base/errors.h"
#include "base/program.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::array kColours = {"#888888", "#1b9e77", "#7570b3", "#e6ab02", "#d62728"};
constexpr std::size_t kLongestLabel = 40;  // characters

// The characters of `text`, one after the other, up to kLongestLabel.
std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  while (!text.empty() && characters.size() < kLongestLabel) {
    const auto length = std::max<std::size_t>(utf8_length(text), 1);
    characters.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return characters;
}

// Gnuplot's script never holds a word of the plot's: gnuplot would run what stands in backticks.  It gets a stand-in as
// long as the label, of a character for private use that no other label has, and the label is put in its place in the
// SVG.
class Labels {
 public:
  // The stand-in for `text`, quoted for gnuplot.
  std::string add(const std::string& text) {
    const auto characters = characters_of(text);
    std::string shown;
    for (const auto character : characters) shown += escaped(character);
    if (shown.size() > 0 && characters.size() == kLongestLabel) shown += "\xe2\x80\xa6";
    std::string stand_in;
    for (std::size_t i = 0; i < std::max<std::size_t>(characters.size(), 1); ++i)
      stand_in += private_character(labels_.size());
    labels_.emplace_back(stand_in, shown);
    return "\"" + stand_in + "\"";
  }

  std::string put_in_place(const std::string& svg) const {
    std::map<std::size_t, std::size_t> label_at;  // by place in the SVG
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      if (const auto place = svg.find(labels_[i].first); place != std::string::npos) label_at[place] = i;
    }
    std::string result;
    std::size_t done = 0;
    for (const auto& [place, i] : label_at) {
      result += svg.substr(done, place - done) + labels_[i].second;
      done = place + labels_[i].first.size();
    }
    return result + svg.substr(done);
  }

 private:
  static std::string private_character(std::size_t number) {
    if (number > 0x18ff) throw DataError("too many labels for one plot");
    const auto code = static_cast<unsigned>(0xe000 + number);
    return {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
            static_cast<char>(0x80 | (code & 0x3f))};
  }
  std::vector<std::pair<std::string, std::string>> labels_;
};

std::string ticks_of(const Plot& plot, Labels& labels) {
  std::string ticks;
  for (const auto& [x, label] : plot.x_ticks)
    ticks += fmt::format("{}{} {}", ticks.empty() ? "" : ", ", labels.add(label), x);
  return ticks.empty() ? "" : fmt::format("set xtics ({})\n", ticks);
}

std::string script_of(const Plot& plot, Labels& labels) {
  std::string script =
      "set encoding utf8\n"
      "set terminal svg size 640,400 dynamic font 'sans-serif,13' background 'white' noenhanced\n"
      "set grid\nset key outside right\n";
  script += fmt::format("set title {}\nset xlabel {}\nset ylabel {}\n", labels.add(plot.title),
                        labels.add(plot.x_label), labels.add(plot.y_label));
  script += ticks_of(plot, labels);
  std::string drawn;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    script += fmt::format("$data{} << END\n", i);
    for (const auto& [x, y] : plot.series[i].points) {
      if (std::isfinite(x) && std::isfinite(y)) script += fmt::format("{} {}\n", x, y);
    }
    script += "END\n";
    drawn += fmt::format("{} $data{} using 1:2 with linespoints pointsize 0.4 linewidth 2 linecolor rgb '{}' title {}",
                         i ? "," : "", i, kColours[plot.series.size() == 1 ? kColours.size() - 1 : i % kColours.size()],
                         labels.add(plot.series[i].name));
  }
  return script + "plot" + drawn + "\n";
}

bool has_points(const Plot& plot) {
  for (const auto& series : plot.series) {
    for (const auto& [x, y] : series.points) {
      if (std::isfinite(x) && std::isfinite(y)) return true;
    }
  }
  return false;
}

}  // namespace

std::string svg(const Plot& plot) {
  if (!has_points(plot)) return fmt::format("<p>{}: there is nothing to draw yet</p>\n", escaped(plot.title));
  Labels labels;
  if (!is_on_path("gnuplot")) throw EnvironmentError("gnuplot is not on the PATH; install it (Debian: gnuplot-nox)");
  // Without the user's own start-up files.
  const auto drawn = run_program_to_end({"gnuplot", "--default-settings", "-"}, script_of(plot, labels));
  const auto start = drawn.output.find("<svg");
  if (drawn.exit_code != 0 || start == std::string::npos)
    throw EnvironmentError(fmt::format("gnuplot drew nothing: {}", drawn.first_line()));
  return labels.put_in_place(drawn.output.substr(start));
}

}  // namespace warmstart
