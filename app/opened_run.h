#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/configuration.h"
#include "data/dataset.h"

namespace warmstart {

// The data set of a run or checkpoint: where data.dataset says, or else where the run's own configuration does.
std::unique_ptr<Dataset> dataset_of_run(const std::filesystem::path& run, const Configuration& configuration);

// A trained model with the data set that it was trained on.
struct OpenedRun {
  OpenedRun(const std::filesystem::path& run, const Configuration& configuration);

  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<Learner> model;
  std::int64_t step = 0;
  std::int64_t most_support = 0;  // rows of an episode in training
  nlohmann::json provenance;      // of the model: data, checkpoint, programs
};

}  // namespace warmstart
