#include "app/serving_options.h"

namespace warmstart {

void declare(Options& add, ExportSettings& settings) {
  add.add("export.run", settings.run, "run or checkpoint to export");
  add.add("export.to", settings.to, "model repository: a folder, made where it is not there");
  add.add("export.name", settings.name, "of the model in the repository");
  add.add("export.max-support", settings.most_support,
          "support rows that requests should hold at most, the latest; empty: as many as training used")
      .from(1)
      .to(1e6)
      .unit("rows");
  add.add("export.precision", settings.precision,
          "of tables and of the weights of linear layers, in model.onnx: fp32, fp16 or int8 (for edge devices)");
  add.add("export.items", settings.items,
          "also a graph that ranks all items by one product with their features, which it holds (4 bytes each): for "
          "methods in which the head alone adapts");
  add.add("export.since", settings.since,
          "an older version in the repository, as 3: what has changed since is written, too, as NAME/V/since-3");
  add.add("export.apply", settings.apply,
          "changes, as NAME/V/since-3: instead of an export, makes version V in a repository that holds version 3");
  add.add("export.evaluate", settings.evaluate, "judge the exported graph beside the trainer's own on the test tasks");
  add.add("export.memories", settings.memories,
          "Parquet file to write the memory of each task of the run's data set to, for a feature store or a cache; "
          "under mpirun all ranks make them");
  add.add("export.model", settings.model,
          "exported model that makes the memories: MODELS/NAME, or one version of it; empty: the one that this call "
          "exports to export.to");
}

void declare(Options& add, PredictSettings& settings) {
  add.add("predict.model", settings.model, "exported model: MODELS/NAME, or one version of it");
  add.add("predict.run", settings.run, "run or checkpoint, instead of an exported model");
  add.add("predict.support", settings.support,
          "table of support rows, with commas or tabs: a column for the item, the label and, for many users, the "
          "user; time and fields where there are any");
  add.add("predict.task", settings.task,
          "key of a task in the run's data set, whose rows are the support, or in predict.memories");
  add.add("predict.memories", settings.memories,
          "Parquet file of memories that export wrote, instead of support rows; without predict.task: of all its "
          "tasks");
  add.add("predict.candidates", settings.candidates, "table of candidates, or all: every item that training knew");
  add.add("predict.top", settings.top, "recommendations of each user").from(1).to(1e6);
  add.add("predict.explain", settings.explain, "which support rows and fields made each score");
  add.add("predict.deviation", settings.deviation, "how far each score may be off");
  add.add("predict.seen", settings.seen, "recommend items of the support, too");
  add.add("predict.titles", settings.titles, "table that has a title for each item, for people to read");
  add.add("predict.title-column", settings.title, "the column of the titles");
}

}  // namespace warmstart
