#include "trainer/layers/inner_options.h"

namespace warmstart {

void declare(Options& add, InnerOptions& inner) {
  const auto of_steps = [](auto declaration) { return declaration.only_with("adapt.stages", {"steps"}); };
  of_steps(add.add("inner.steps", inner.steps, "inner steps; 0: joint training without adaptation")).from(0).to(1000);
  of_steps(add.add("inner.scope", inner.scope, "what adapts: head, dense (linear layers too) or all (embeddings too)"));
  of_steps(add.add("inner.second-order", inner.second_order, "differentiate through the inner gradients"));
  of_steps(
      add.add("inner.rates", inner.rates,
              "fixed, per-layer (learned, a layer and step), per-parameter (learned; of rank one outside the head), "
              "kronecker (per layer, and learned matrices on both sides of a layer's gradient) or elementwise "
              "(learned, a weight; with inner.form = weights)"));
  of_steps(add.add("inner.rate", inner.rate, "inner rate of the head; where learned, its start")).above(0).to(1e6);
  of_steps(add.add("inner.tower-rate", inner.tower_rate, "inner rate of other layers; where learned, its start"))
      .above(0)
      .to(1e6);
  of_steps(add.add("inner.kappa", inner.kappa,
                   "steps are divided by (support rows + kappa); where rates are learned, its start"))
      .from(0)
      .to(1e6);
  of_steps(add.add("inner.pull", inner.pull,
                   "strength of the pull to where the head started; where rates are learned, its start"))
      .from(0)
      .to(1e6);
  of_steps(add.add("inner.tower-pull", inner.tower_pull,
                   "strength of the pull of other layers to where they start; where rates are learned, its start; 0: "
                   "none"))
      .from(0)
      .to(1e6);
  of_steps(add.add("inner.warp", inner.warp,
                   "a shared linear layer behind each hidden layer that adapts: inner steps go through it and do not "
                   "change it"));
  of_steps(add.add("inner.form", inner.form,
                   "how adapted layers are held: activations, weights, or auto (whichever costs less, a layer and a "
                   "batch)"));
}

}  // namespace warmstart
