#include "checkpoints/run_state.h"

#include "base/json.h"

namespace warmstart {
namespace {

// An older checkpoint has none.
nlohmann::json plan_in(const nlohmann::json& json) {
  if (!json.contains("plan")) return nlohmann::json::object();
  const auto& plan = object_at(json, "plan");
  for (const auto& [layer, entry] : plan.items()) {
    for (const auto* key : {"activations", "weights"}) integer_at(entry, key);
    const auto& last = object_at(entry, "last");
    for (const auto* key : {"inputs", "outputs", "support", "query", "steps"}) integer_at(last, key);
    for (const auto* key : {"activations_cost", "weights_cost"}) number_at(last, key);
  }
  return plan;
}

}  // namespace

nlohmann::json to_json(const RunState& state) {
  return {{"steps", state.steps},
          {"finished", state.finished},
          {"best_error", state.best_error},
          {"best_step", state.best_step},
          {"validations_without_better", state.validations_without_better},
          {"recent_losses", state.recent_losses},
          {"skipped", state.skipped},
          {"plan", state.plan},
          {"rollbacks", state.rollbacks}};
}

RunState run_state_from_json(const nlohmann::json& json) {
  RunState state;
  state.steps = integer_at(json, "steps");
  state.finished = flag_at(json, "finished");
  state.best_error = number_at(json, "best_error");
  state.best_step = integer_at(json, "best_step");
  state.validations_without_better = integer_at(json, "validations_without_better");
  for (const auto& loss : list_at(json, "recent_losses"))
    state.recent_losses.push_back(as_number(loss, "recent_losses"));
  for (const auto& step : list_at(json, "skipped")) state.skipped.insert(as_integer(step, "skipped"));
  state.plan = plan_in(json);
  state.rollbacks = integer_at(json, "rollbacks");
  return state;
}

}  // namespace warmstart
