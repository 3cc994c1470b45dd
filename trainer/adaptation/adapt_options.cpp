#include "trainer/adaptation/adapt_options.h"

namespace warmstart {
namespace {

void declare(Options& add, ContrastOptions& options) {
  const auto of_siamese = [](auto declaration) { declaration.to(1e6).only_with("adapt.readout", {"siamese"}); };
  of_siamese(
      add.add("adapt.contrast", options.weight,
              "weight, beside a query row, of the mean over its pairs with support rows: the distance of rows of "
              "a kind, and what rows of two kinds lack to adapt.contrast-margin; 0: distances are learned of the "
              "query alone")
          .from(0));
  of_siamese(add.add("adapt.contrast-margin", options.margin,
                     "distance from which on rows of two kinds cost nothing, in the unit of features")
                 .above(0));
  of_siamese(add.add("adapt.contrast-alike", options.alike,
                     "by how much the labels of two rows of a kind may differ, in the label's unit")
                 .from(0));
}

void declare_closed_forms(Options& add, AdaptOptions& options) {
  add.add("adapt.leave-one-out", options.leave_one_out,
          "weight, beside a query row, of a support row that was left out; 0: none is")
      .from(0)
      .to(1e6)
      .only_with("adapt.stages", {"ridge", "kernel"});
  add.add("adapt.likelihood", options.likelihood,
          "weight, beside a query row, of minus the log-likelihood of its label, by which deviations are learned (with "
          "model.objective = squared); 0: none are")
      .from(0)
      .to(1e6)
      .only_with("adapt.stages", {"ridge", "kernel"});
  add.add("adapt.row-noise", options.row_noise,
          "a support row weighs the inverse of its own noise, where that is learned (adapt.likelihood); else all weigh "
          "alike")
      .only_with("adapt.stages", {"ridge", "kernel"});
  add.add("adapt.score-feature", options.score_feature,
          "a row's score before the head is one more feature, by which a task's scores spread or draw together; not of "
          "classes")
      .only_with("adapt.stages", {"ridge", "kernel"})
      .formerly("false");
  add.add("adapt.wide-input", options.wide_input,
          "stages compare rows by the network's input and its features, not by the input alone")
      .only_with("adapt.stages", {"kernel"})
      .formerly("false");
}

}  // namespace

void declare(Options& add, AdaptOptions& options) {
  add.add("adapt.stages", options.stages,
          "how a task's support becomes its own, in this order: prior (a head from the task's fields), prototypes "
          "(class means), support-encoder (a head read off the rows), gru, lstm (one read off them in time order), "
          "task-memory (one of the nearest known tasks), steps (inner steps), ridge (the head in closed form), kernel "
          "(that, and rows that are alike); empty for none, of classes with adapt.readout = matching or siamese")
      .items(8);
  add.add(
      "adapt.readout", options.readout,
      "how a row's output comes about: linear (a head weighs its features), matching (and attention to the support "
      "rows by cosines adds what the head leaves of their labels) or siamese (that, by distances that are learned of "
      "pairs)");
  add.add("adapt.full-context", options.full_context,
          "steps in which an LSTM reads the support by attention for each query row, behind LSTMs over the support "
          "rows, "
          "before they are compared; 0: rows are compared by their features alone")
      .from(0)
      .to(1000)
      .only_with("adapt.readout", {"matching"});
  add.add("adapt.modulation", options.modulation,
          "the stages prior, support-encoder, gru and lstm write gains and shifts of hidden layers beside their head");
  add.add("model.prior", options.prior, "width of the hidden layer of the stages prior and task-memory")
      .from(1)
      .to(1e9)
      .only_with("adapt.stages", {"prior", "task-memory"});
  add.add("adapt.encoder", options.encoder, "width of the stage support-encoder")
      .from(1)
      .to(1e9)
      .only_with("adapt.stages", {"support-encoder"});
  add.add("adapt.recurrent", options.recurrent, "width of the hidden state of the stages gru and lstm")
      .from(1)
      .to(1e9)
      .only_with("adapt.stages", {"gru", "lstm"});
  add.add("adapt.task-memory", options.task_memory, "learned prototypes of known tasks, of the stage task-memory")
      .from(1)
      .to(1e9)
      .only_with("adapt.stages", {"task-memory"});
  add.add("adapt.kernel", options.kernel, "width of the points by which the stage kernel compares rows")
      .from(1)
      .to(1e9)
      .only_with("adapt.stages", {"kernel"});
  add.add("adapt.no-support", options.no_support,
          "weight, beside an adapted query row, of the same row as a task without support rows scores it; 0: none")
      .from(0)
      .to(1e6);
  declare_closed_forms(add, options);
  declare(add, options.contrast);
  declare(add, options.inner);
}

}  // namespace warmstart
