#include "trainer/baselines/training_rows.h"

namespace warmstart {

TrainingRows::TrainingRows(const Dataset& dataset) : entities(dataset.entities()) {
  for (const auto number : dataset.tasks_of(Split::kTrain)) {
    const auto rows = dataset.task(number).rows;
    for (std::size_t i = 0; i < rows.label.size(); ++i) {
      task.push_back(tasks);
      entity.push_back(rows.entity[i]);
      label.push_back(rows.label[i]);
    }
    ++tasks;
  }
}

}  // namespace warmstart
