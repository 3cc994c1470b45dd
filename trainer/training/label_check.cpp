#include "trainer/training/label_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "data/episode_source.h"
#include "trainer/objectives/objective.h"

namespace warmstart {
namespace {

void check_task(const Dataset& dataset, std::int64_t task, const Objective& objective,
                const ObjectiveOptions& options) {
  const auto view = dataset.task(task);
  const auto& labels = view.rows.label;
  const auto wrong = std::find_if(labels.begin(), labels.end(), [&](float label) { return !objective.takes(label); });
  if (wrong == labels.end()) return;
  const auto& schema = dataset.schema();
  throw UsageError(fmt::format(
      "{}: {} '{}', row {}: {} = {}, and model.objective = {} takes {}; set model.objective = squared, or ingest a "
      "table whose column '{}' holds {}",
      dataset.folder().string(), schema.task, view.key(), wrong - labels.begin() + 1, schema.label, *wrong,
      nlohmann::json(options.kind).get<std::string>(), objective.labels(), schema.label, objective.labels()));
}

}  // namespace

void check_labels(const Dataset& dataset, const ObjectiveOptions& options, int rank, int ranks) {
  const auto objective = make_objective(options);
  if (objective->labels().empty()) return;  // a shard whose labels are not finite is refused when it is opened
  const auto end = dataset.tasks() * (rank + 1) / ranks;
  for (auto task = dataset.tasks() * rank / ranks; task < end; ++task) {
    if (dataset.split(task) != Split::kTest) check_task(dataset, task, *objective, options);
  }
}

void check_classes(const Schema& schema, const ObjectiveOptions& options, std::int64_t ways) {
  if (!tasks_are_of_classes(schema)) return;
  require(options.kind == ObjectiveKind::kClasses,
          fmt::format("tasks of classes are to tell them apart, which model.objective = {} does not; set "
                      "model.objective = classes",
                      to_text(options.kind)));
  require(
      options.classes == ways,
      fmt::format("model.classes = {0} and episode.ways = {1}: the model has an output for each class of an episode; "
                  "set model.classes = {1}",
                  options.classes, ways));
}

}  // namespace warmstart
