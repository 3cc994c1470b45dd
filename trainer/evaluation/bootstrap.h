// How sure a measure is, by drawing tasks anew (Efron & Tibshirani 1993, chapters 6 and 13).

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace warmstart {

struct Interval {
  double low = 0.0, high = 0.0;
};

// A function of how often each task counts.
using OfTasks = std::function<double(std::span<const double> weights)>;

// The 95% percentile interval of each function over `resamples` samples of `tasks` tasks, drawn with replacement: from
// the 2.5th to the 97.5th percentile, between neighbours by linear interpolation.  All functions see the same samples.
// Samples whose value is not a number are left out; none where there are no others.
std::vector<std::optional<Interval>> bootstrap(const std::vector<OfTasks>& functions, std::size_t tasks,
                                               std::int64_t resamples, std::uint64_t seed);

}  // namespace warmstart
