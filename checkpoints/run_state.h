#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace warmstart {

// What a run knows beside its vectors, as its checkpoints keep it.
struct RunState {
  std::int64_t steps = 0;  // that the run is to have
  bool finished = false;
  double best_error = 0.0;     // the best on validation: the largest, where the measure is better the higher it is
  std::int64_t best_step = 0;  // its step; 0: there was no validation
  std::int64_t validations_without_better = 0;
  std::vector<double> recent_losses;
  std::set<std::int64_t> skipped;  // meta-steps left out after divergences, from 0
  std::int64_t rollbacks = 0;
  nlohmann::json plan = nlohmann::json::object();  // see PlanTally::state(); for people
};

nlohmann::json to_json(const RunState& state);

// Throws DataError naming the key when one is missing, of another type or out of its range.
RunState run_state_from_json(const nlohmann::json& json);

}  // namespace warmstart
