#include "app/configuration.h"

namespace warmstart {

void add_model_options(Options& add, Configuration& c) {
  // What is too wide for the memory is refused once the data set is known.
  constexpr double kWidest = 1e9;
  auto& network = c.model.network;
  add.add("model.network", network.kind,
          "base learner: two-tower, mlp (multi-layer perceptron) or mf (factors of keys)");
  add.add("model.embedding", network.embedding, "width of embeddings").from(1).to(kWidest);
  add.add("model.tower", network.tower, "widths of the hidden layers, comma-separated").from(1).to(kWidest).items(64);
  add.add("model.features", network.features, "width of the features that the head weighs").from(1).to(kWidest);
  add.add("model.prior", c.model.adapt.prior, "width of the hidden layer of the stage prior").from(1).to(kWidest);
  auto& objective = c.model.objective;
  add.add("model.objective", objective.kind, "what is predicted: squared (numbers) or binary (labels 0 and 1)");
  add.add("model.absolute", objective.absolute, "weight of a smooth absolute error beside the squared").from(0).to(1e6);

  add.add("adapt.stages", c.model.adapt.stages,
          "how a task's support becomes its own, in this order: prior (a head from the task's fields), prototypes "
          "(class "
          "means), steps (inner steps)")
      .items(8);
  auto& inner = c.model.adapt.inner;
  add.add("inner.steps", inner.steps, "inner steps; 0: joint training without adaptation").from(0).to(1000);
  add.add("inner.scope", inner.scope, "what adapts: head, dense (the tower too) or all (embeddings too)");
  add.add("inner.second-order", inner.second_order, "differentiate through the inner gradients");
  add.add("inner.rates", inner.rates, "fixed, per-layer (learned, a layer and step) or per-parameter (learned)");
  add.add("inner.rate", inner.rate, "inner rate of the head; where learned, its start").above(0).to(1e6);
  add.add("inner.tower-rate", inner.tower_rate, "inner rate of other layers; where learned, its start")
      .above(0)
      .to(1e6);
  add.add("inner.kappa", inner.kappa, "steps are divided by (support rows + kappa); where rates are learned, its start")
      .from(0)
      .to(1e6);
  add.add("inner.pull", inner.pull, "strength of the pull to the prior; where rates are learned, its start")
      .from(0)
      .to(1e6);
  add.add("inner.form", inner.form,
          "how adapted layers are held: activations, weights, or auto (whichever costs less, a layer and a batch)");
}

}  // namespace warmstart
