#pragma once

#include <filesystem>

#include "checkpoints/checkpoint.h"
#include "data/dataset.h"
#include "trainer/two_tower.h"

namespace warmstart {

// A model with what is needed to use it again, for write_checkpoint.  `configuration` is the
// resolved INI text.
Checkpoint checkpoint_of(const TwoTower& model, const Dataset& dataset, std::int64_t step, const std::string& configuration, int ranks);

// The model of a checkpoint or of a run's newest.  Throws DataError naming `path` when there
// is none, or when it was made for another schema than `schema`.
TwoTower read_model(const std::filesystem::path& path, const Schema& schema);

}  // namespace warmstart
