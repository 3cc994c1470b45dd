#pragma once

#include <array>
#include <span>

namespace warmstart {

// How well a model knows how far it is off, for one task's query rows.
struct Calibration {
  // The share of labels within the intervals that should hold 50, 80 and 95% of them.
  double coverage50 = 0.0, coverage80 = 0.0, coverage95 = 0.0;
  double log_likelihood = 0.0;  // the mean logarithm of the labels' densities, in nats

  static constexpr int kCount = 4;
  static constexpr std::array<const char*, kCount> kNames = {"coverage@50", "coverage@80", "coverage@95",
                                                             "log-likelihood"};
  std::array<double, kCount> values() const { return {coverage50, coverage80, coverage95, log_likelihood}; }
};

// Student's t distribution with so many degrees of freedom, around 0 and of scale 1.
struct StudentT {
  explicit StudentT(double freedom);

  double freedom;
  double reach50, reach80, reach95;  // of the central intervals that hold 50, 80 and 95%, on either side
  double log_peak;                   // logarithm of the density at 0
};

// Of labels that are each said to be of this distribution with these centres and scales, above 0.  All spans have one
// length, at least 1.
Calibration calibration(std::span<const float> labels, std::span<const float> centres, std::span<const float> scales,
                        const StudentT& distribution);

}  // namespace warmstart
