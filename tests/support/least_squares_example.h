#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace warmstart {

// Weighted least squares of tasks with so many rows of `features`, the last of which is 1, padded to `most`.
struct LeastSquaresExample {
  LeastSquaresExample(const std::vector<std::int64_t>& counts, std::int64_t most, std::int64_t features) {
    at::manual_seed(7);
    const auto tasks = static_cast<std::int64_t>(counts.size());
    rows = at::randn({tasks, most, features});
    rows.select(2, features - 1).fill_(1.0);
    weights = at::rand({tasks, most, 1}) + 0.5;
    errors = at::randn({tasks, most, 1});
    precision = at::rand({tasks, features, 1}) + 0.5;
    for (std::int64_t task = 0; task < tasks; ++task)
      for (const auto& values : {rows, weights, errors})
        values[task]
            .narrow(0, counts[static_cast<std::size_t>(task)], most - counts[static_cast<std::size_t>(task)])
            .zero_();
  }

  // H' W H + Lambda, in doubles.
  at::Tensor matrices() const {
    const auto h = rows.to(at::kDouble);
    return at::bmm((h * weights).transpose(1, 2), h) + at::diag_embed(precision.to(at::kDouble).squeeze(2));
  }

  at::Tensor rows, weights, errors, precision;
};

}  // namespace warmstart
