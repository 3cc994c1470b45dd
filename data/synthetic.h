#pragma once

#include <cstdint>
#include <filesystem>

namespace warmstart {

class Options;

// Tables drawn from a planted preference model: user u and item i have normal factors of
// `rank` dimensions, items have a bias and users a shift, and
//
//   label = 3 + shift_u + bias_i + <p_u, q_i> / sqrt(rank) + noise * normal
//
// so no model can have a mean absolute error under noise * sqrt(2 / pi).  Items belong to
// a category, whose centre makes up half of their factors' variance; users to a group, likewise.
struct SyntheticOptions {
  std::filesystem::path folder;
  std::int64_t users = 1000, items = 500;
  std::int64_t rows_per_user = 40;  // mean; each user's own is uniform in [1/2, 3/2] of it
  std::int64_t rank = 4;
  double noise = 0.5;
  std::uint64_t seed = 0;
};

// The section synthesize.
void declare(Options& add, SyntheticOptions& options);

// Writes interactions.csv, users.csv, items.csv, a ready config.ini and synthetic.json
// (the noise floor) into a new folder.  Same options, same bytes.
// Throws UsageError when the folder exists, EnvironmentError when the disk refuses.
void synthesize(const SyntheticOptions& options);

}  // namespace warmstart
