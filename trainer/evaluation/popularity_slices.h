#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "trainer/evaluation/evaluation.h"

namespace warmstart {

// Query rows by how often their entity was trained on: about a third of the rows each, where entities of equally many
// training rows stay together.
struct PopularitySlices {
  static constexpr std::size_t kCount = 3;
  static constexpr std::array<const char*, kCount> kNames = {"head", "middle", "tail"};

  std::array<std::vector<std::size_t>, kCount> rows;  // places in JudgedRows, in their order
};

// `training_rows` of the entity of each query row.
PopularitySlices popularity_slices(std::span<const std::int64_t> training_rows);

// Whether a measure says something of single rows: each has a value of its own, or is found among the first k of all
// candidates, or not.
bool is_sliced(const Measure& measure, const Candidates& candidates);

// Such a measure of some rows of all tasks together; not a number where there are none, or they do not define it.
// Recall is the share of the relevant ones that are found.
double value_of_rows(const Measure& measure, const EvaluationResult& result, const std::vector<std::size_t>& rows);

}  // namespace warmstart
