#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "app/configuration.h"
#include "checkpoints/checkpoint.h"
#include "data/dataset.h"
#include "trainer/learner/learner.h"
#include "trainer/tables/trained_rows.h"

namespace warmstart {

// What every checkpoint of a run says of its model, to use it again and to go on with it.  `configuration` is the
// resolved INI text, whose sections model, adapt and inner make the model.
nlohmann::json description_of(const Dataset& dataset, const std::string& configuration, int ranks);

// Whether a run with this description can go on from a checkpoint.  Throws DataError when the checkpoint's description
// is not sound or for another schema, UsageError naming the difference when it is of another data set or configuration.
void check_same_run(const nlohmann::json& checkpoint_description, const nlohmann::json& description);

// Collective.  As read_checkpoint_without_rows: one whose description holds all that description_of() wrote, in its
// types and ranges.
Checkpoint read_described_checkpoint(const std::filesystem::path& path, Communicator& group, const SeeShard& see = {});

// A run's model for a data set.  Of sharded tables it has no rows until they are copied.
struct TrainedModel {
  std::unique_ptr<Learner> model;
  std::optional<TrainedRows> rows;  // always there where there is a model
};

// Collective.  The model of a checkpoint or of a run's newest, for the data set, which outlives it.  Throws AgreedError
// naming `path` when there is none, or when it was made for another schema than the data set's.  Of a later version of
// the data set, keys that the model has never seen are what its unknown keys are; where its tables grow, what keys
// without a row are.
TrainedModel read_model(const std::filesystem::path& path, const Dataset& dataset, Communicator& group);

// The same of a checkpoint of `path` that was read without rows.  Throws DataError.
TrainedModel trained_model(const Checkpoint& checkpoint, const std::filesystem::path& path, const Dataset& dataset);

// Collective.  Gives a model, whose tables are sharded over the group, the parameters of another run's, in the same
// way, and the keys that its growing tables have rows of; both are of one configuration.  Of tables each rank takes the
// rows that it holds.  Throws AgreedError.
void start_from_run(Learner& model, const Dataset& dataset, const std::filesystem::path& path, Communicator& group);

}  // namespace warmstart
