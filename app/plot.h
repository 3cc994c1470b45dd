#pragma once

#include <string>
#include <utility>
#include <vector>

namespace warmstart {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

// Its texts may be anybody's: whatever they hold is drawn as it is, or as U+FFFD where it cannot be drawn, and cut
// where it is long.
struct Plot {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  std::vector<std::pair<double, std::string>> x_ticks;  // empty: as gnuplot chooses
};

// Draws a line plot as an SVG element, by gnuplot; a plot without finite points becomes a paragraph that says so.
// Throws EnvironmentError when gnuplot is not there or fails.
std::string svg(const Plot& plot);

}  // namespace warmstart
