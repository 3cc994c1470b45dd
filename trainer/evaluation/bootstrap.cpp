#include "trainer/evaluation/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace warmstart {
namespace {

constexpr double kOutside = 0.05;  // of the samples, half on either side of the interval

std::vector<double> drawn_weights(std::size_t tasks, std::uint64_t seed, std::int64_t resample) {
  std::vector<double> weights(tasks, 0.0);
  RandomStream random(seed, Purpose::kBootstrap, static_cast<std::uint64_t>(resample));
  for (std::size_t i = 0; i < tasks; ++i) weights[random.below(tasks)] += 1.0;
  return weights;
}

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1), whole = std::floor(place);
  const auto below = static_cast<std::size_t>(whole), above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - whole) * (sorted[above] - sorted[below]);
}

std::optional<Interval> interval_of(std::vector<double>& samples) {
  if (samples.empty()) return std::nullopt;
  std::sort(samples.begin(), samples.end());
  return Interval{quantile(samples, kOutside / 2.0), quantile(samples, 1.0 - kOutside / 2.0)};
}

}  // namespace

std::vector<std::optional<Interval>> bootstrap(const std::vector<OfTasks>& functions, std::size_t tasks,
                                               std::int64_t resamples, std::uint64_t seed) {
  std::vector<std::vector<double>> samples(functions.size());
  for (std::int64_t resample = 0; resample < resamples; ++resample) {
    const auto weights = drawn_weights(tasks, seed, resample);
    for (std::size_t i = 0; i < functions.size(); ++i) {
      const double value = functions[i](weights);
      if (!std::isnan(value)) samples[i].push_back(value);
    }
  }
  std::vector<std::optional<Interval>> intervals;
  intervals.reserve(samples.size());
  for (auto& of_function : samples) intervals.push_back(interval_of(of_function));
  return intervals;
}

}  // namespace warmstart
