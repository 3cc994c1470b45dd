#include "trainer/training/label_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"

namespace warmstart {
namespace {

void check_binary(const Dataset& dataset, std::int64_t task) {
  const auto view = dataset.task(task);
  const auto& labels = view.rows.label;
  const auto wrong = std::find_if(labels.begin(), labels.end(), [](float label) { return label != 0 && label != 1; });
  if (wrong == labels.end()) return;
  const auto& schema = dataset.schema();
  throw UsageError(
      fmt::format("{}: {} '{}', row {}: {} = {}, and model.loss = binary takes 0 and 1; set model.loss = squared, or "
                  "ingest a table whose column '{}' holds 0 and 1",
                  dataset.folder().string(), schema.task, view.key(), wrong - labels.begin() + 1, schema.label, *wrong,
                  schema.label));
}

}  // namespace

void check_labels(const Dataset& dataset, Loss loss, int rank, int ranks) {
  if (loss != Loss::kBinary) return;  // a shard whose labels are not finite is refused when it is opened
  const auto end = dataset.tasks() * (rank + 1) / ranks;
  for (auto task = dataset.tasks() * rank / ranks; task < end; ++task) {
    if (dataset.split(task) != Split::kTest) check_binary(dataset, task);
  }
}

}  // namespace warmstart
