#pragma once

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "trainer/layers/planner.h"

namespace warmstart {

// Which layers become the task's own: the head (ANIL), also the network's linear layers (MeLU's decision layers), also
// the embeddings (MAML).
enum class Scope { kHead, kDense, kAll };

// Where inner rates come from: one constant; learned per layer and step; learned per step and parameter of the head,
// and per step, input and output of other layers (Meta-SGD); or, beside those of each layer and step, learned matrices
// on both sides of its gradient (meta-curvature, Park & Oliva 2019), or learned of each weight (Meta-SGD to the
// letter).
enum class InnerRates { kFixed, kPerLayer, kPerParameter, kKronecker, kElementwise };

// The names of these in configurations and checkpoints.
NLOHMANN_JSON_SERIALIZE_ENUM(Scope, {{Scope::kHead, "head"}, {Scope::kDense, "dense"}, {Scope::kAll, "all"}})
NLOHMANN_JSON_SERIALIZE_ENUM(InnerRates, {{InnerRates::kFixed, "fixed"},
                                          {InnerRates::kPerLayer, "per-layer"},
                                          {InnerRates::kPerParameter, "per-parameter"},
                                          {InnerRates::kKronecker, "kronecker"},
                                          {InnerRates::kElementwise, "elementwise"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Form,
                             {{Form::kAuto, "auto"}, {Form::kActivations, "activations"}, {Form::kWeights, "weights"}})

struct InnerOptions {
  int steps = 3;
  Scope scope = Scope::kHead;
  bool second_order = true;
  InnerRates rates = InnerRates::kPerParameter;
  double rate = 0.3;         // of the head; where learned, the start
  double tower_rate = 0.05;  // of all other layers, likewise
  // Steps are divided by (support rows + kappa), and pull the head back to where it started with strength `pull`; both
  // are learned unless rates are fixed.
  double kappa = 2.0;
  double pull = 1.3;
  double tower_pull = 0.0;  // strength of all other layers' pull to where they start; 0: none
  bool warp = false;        // shared linear layers behind the hidden ones, which inner steps go through and leave alone
  Form form = Form::kAuto;  // of adapted layers outside the head
};

void declare(Options& add, InnerOptions& options);

}  // namespace warmstart
