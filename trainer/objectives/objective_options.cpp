#include "trainer/objectives/objective_options.h"

namespace warmstart {

void declare(Options& add, ObjectiveOptions& options) {
  add.add("model.objective", options.kind,
          "what is predicted: squared (numbers), huber (numbers, some of them far off), binary (labels 0 and 1), "
          "poisson (counts), classes (which of some), pairwise (which of two rows has the higher label) or listwise "
          "(which of a task's rows has "
          "the highest)");
  add.renamed("model.loss", "model.objective");
  add.add("model.absolute", options.absolute, "weight of a smooth absolute error beside the squared")
      .from(0)
      .to(1e6)
      .only_with("model.objective", {"squared"});
  add.add("model.huber-width", options.huber_width,
          "error around which its cost turns from squared into absolute, in the label's unit")
      .above(0)
      .to(1e6)
      .only_with("model.objective", {"huber"});
  add.add("model.listwise-temperature", options.listwise_temperature,
          "what labels are divided by in the softmax that outputs are to have, in the label's unit; of labels 0 and 1, "
          "a "
          "tenth makes rows of 0 count for next to nothing")
      .above(0)
      .to(1e6)
      .only_with("model.objective", {"listwise"});
  add.add("model.classes", options.classes, "how many classes there are; of tasks of classes, episode.ways")
      .from(2)
      .to(1e6)
      .only_with("model.objective", {"classes"});
}

}  // namespace warmstart
