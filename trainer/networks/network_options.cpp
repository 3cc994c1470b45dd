#include "trainer/networks/network_options.h"

namespace warmstart {
namespace {

// What is too wide for the memory is refused once the data set is known.
constexpr double kWidest = 1e9;

}  // namespace

void declare(Options& add, NetworkOptions& options) {
  add.add("model.network", options.kind,
          "base learner: two-tower, mlp (multi-layer perceptron), mf (factors of keys), content (factorisation machine "
          "of the fields), deepfm (that and a multi-layer perceptron), din (attention of a row over the support) or "
          "entity-towers (of scenarios: a tower of each item and one of each user, joined by row)");
  add.add("model.embedding", options.embedding, "width of embeddings")
      .from(1)
      .to(kWidest)
      .only_with("model.network", {"two-tower", "mlp", "content", "deepfm", "din", "entity-towers"});
  add.add("model.tower", options.tower, "widths of the hidden layers, comma-separated")
      .from(1)
      .to(kWidest)
      .items(64)
      .only_with("model.network", {"two-tower", "mlp", "deepfm", "din", "entity-towers"});
  add.add("model.features", options.features, "width of the features that the head weighs")
      .from(1)
      .to(kWidest)
      .only_with("model.network", {"two-tower", "mf", "entity-towers"});
}

}  // namespace warmstart
