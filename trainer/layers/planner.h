// Whether a layer adapts in activation space or by formed weights, by counted cost.

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace warmstart {

// How a task's change of a linear layer is held: as a memory of keys and values, or as the weights that they make; or
// as is cheaper.
enum class Form { kAuto, kActivations, kWeights };

// A linear layer of `inputs` and `outputs` that adapts in `steps` inner steps to `support` rows and scores `query`
// rows.
struct AdaptedShape {
  std::int64_t inputs, outputs, support, query, steps;
};

// What adapting costs beyond the shared layer's own products, in multiply-adds a task, of one pass forward (the reverse
// pass takes the same multiple of both).
struct FormCosts {
  double activations, weights;
};
FormCosts costs_of(const AdaptedShape& shape);

// The cheaper form.  A function of the shape alone: the same on every rank.
Form cheaper_form(const AdaptedShape& shape);

// What was chosen for a layer, for people to read.
struct LayerPlan {
  std::string layer;
  Form form;
  AdaptedShape shape;
};

// Plans of many microbatches: counts, and each layer's last shape with its costs.
class PlanTally {
 public:
  void add(const std::vector<LayerPlan>& plans, std::int64_t microbatches);
  // {layer: {"activations": microbatches, "weights": microbatches, "last": {shape, costs}}}
  const nlohmann::json& state() const { return state_; }
  void restore(nlohmann::json state) { state_ = std::move(state); }

 private:
  nlohmann::json state_ = nlohmann::json::object();
};

}  // namespace warmstart
