#include "trainer/evaluation/calibration.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace warmstart {
namespace {

// Of a model that has diverged, the result is not a number rather than an exception.
namespace policies = boost::math::policies;
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>>;

using Distribution = boost::math::students_t_distribution<double, Quiet>;

// A central interval reaches as far on either side.
double reach(double freedom, double share) { return quantile(Distribution(freedom), 0.5 + share / 2); }

}  // namespace

StudentT::StudentT(double freedom)
    : freedom(freedom),
      reach50(reach(freedom, 0.5)),
      reach80(reach(freedom, 0.8)),
      reach95(reach(freedom, 0.95)),
      log_peak(std::log(pdf(Distribution(freedom), 0.0))) {}

Calibration calibration(std::span<const float> labels, std::span<const float> centres, std::span<const float> scales,
                        const StudentT& distribution) {
  const auto& [freedom, reach50, reach80, reach95, log_peak] = distribution;
  const auto weight = 1.0 / static_cast<double>(labels.size());
  Calibration found;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double scale = scales[i], off = std::abs(static_cast<double>(labels[i]) - centres[i]) / scale;
    found.coverage50 += off <= reach50 ? weight : 0.0;
    found.coverage80 += off <= reach80 ? weight : 0.0;
    found.coverage95 += off <= reach95 ? weight : 0.0;
    const double below_peak = (freedom + 1.0) / 2.0 * std::log1p(off * off / freedom);
    found.log_likelihood += weight * (log_peak - below_peak - std::log(scale));
  }
  return found;
}

}  // namespace warmstart
