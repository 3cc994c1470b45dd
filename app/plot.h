#pragma once

#include <string>
#include <utility>
#include <vector>

namespace warmstart {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct Plot {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  std::vector<std::pair<double, std::string>> x_ticks;  // empty: as gnuplot chooses
};

// Draws a line plot as an SVG element, by gnuplot.  Throws EnvironmentError when gnuplot
// is not there or fails.
std::string svg(const Plot& plot);

}  // namespace warmstart
