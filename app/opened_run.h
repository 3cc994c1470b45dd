#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/checkpoint_model.h"
#include "app/configuration.h"
#include "data/dataset.h"
#include "trainer/tables/bytes_of_values.h"

namespace warmstart {

// Collective.  The data set of a run or checkpoint: where data.dataset says, or else where the run's own configuration
// does.
std::unique_ptr<Dataset> dataset_of_run(const std::filesystem::path& run, const Configuration& configuration,
                                        Communicator& group);

// A trained model with the data set that it was trained on.
class OpenedRun {
 public:
  // The rows of its sharded tables lie in files in the folder `spill`, or in memory where that is empty, once they are
  // brought.
  OpenedRun(const std::filesystem::path& run, const Configuration& configuration, const std::filesystem::path& spill);

  const Dataset& dataset() const { return *dataset_; }
  Learner& model() { return *trained_.model; }
  const Learner& model() const { return *trained_.model; }
  std::int64_t most_support() const { return most_support_; }  // rows of an episode in training

  // The kinds of ids of its sharded tables; none where it has none.
  const std::vector<IdRange>& kinds() const { return trained_.rows->kinds(); }
  double bytes_of_tables() const { return bytes_of_values(trained_.model->copied_tables()->list()); }
  // From now on the model has the rows of some ids of them, by kind, int64, ascending and distinct, and no others; or
  // all rows.
  void bring(const std::vector<at::Tensor>& ids) const;
  void bring_all() const { trained_.rows->copy_all(spill_); }

  // Of the model: data, checkpoint, the digest of all parameters, programs.
  nlohmann::json provenance() const;

 private:
  Checkpoint checkpoint_;  // without the rows of tables
  std::filesystem::path spill_;
  std::unique_ptr<Dataset> dataset_;
  TrainedModel trained_;
  std::int64_t most_support_ = 0;
};

}  // namespace warmstart
