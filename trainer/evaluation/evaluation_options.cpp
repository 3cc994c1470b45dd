#include "trainer/evaluation/evaluation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <set>

#include "base/errors.h"
#include "base/options.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMostRows = 1'000'000'000;
constexpr std::uint32_t kAllRows = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void declare(Options& add, EvaluationOptions& options) {
  add.add("evaluate.support", options.support, "support sizes, rows, or all; also of validation").items(64);
  add.add("evaluate.query", options.query, "rows of a task that judge").from(1).to(kMostRows).unit("rows");
  add.add("evaluate.order", options.order,
          "time: a task's last rows judge; shuffle: a seeded choice; sorted: that, and a support's rows in time order");
  add.add("evaluate.seed", options.seed, "of that choice and of ALS");
  add.add("evaluate.baselines", options.baselines, "the rows bias and als, which are fitted first");
}

// Digits alone: reports show a size as it was written.
std::uint32_t rows_of(const std::string& support) {
  if (support == "all") return kAllRows;
  std::int64_t rows = 0;
  const auto [end, error] = std::from_chars(support.data(), support.data() + support.size(), rows);
  const bool whole = error == std::errc() && end == support.data() + support.size() && support == std::to_string(rows);
  require(whole && rows >= 0 && rows <= kMostRows,
          fmt::format("evaluate.support: '{}' is neither a whole number of rows nor 'all'", support));
  return static_cast<std::uint32_t>(rows);
}

void check(const EvaluationOptions& options) {
  std::set<std::uint32_t> sizes;
  for (const auto& support : options.support)
    require(sizes.insert(rows_of(support)).second, fmt::format("evaluate.support names {} twice", support));
  require(!sizes.empty(), "evaluate.support must name a size: rows, or all");
}

}  // namespace warmstart
