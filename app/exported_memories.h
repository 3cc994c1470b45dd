#pragma once

#include <filesystem>

#include "cluster/communicator.h"
#include "data/dataset.h"
#include "serving/model_repository.h"

namespace warmstart {

// What was written.
struct MemoriesReport {
  std::int64_t tasks = 0, numbers = 0;  // the second: of a memory
  std::uintmax_t bytes = 0;
  double seconds = 0.0;
};

// Writes the memories of all of a data set's tasks, in their order, each of its latest rows, as many as the model
// takes. Every rank makes its share, one task at a time, so that a memory has the bits that `predict` gives it; rank 0
// writes them: the file's bytes are the same on any number of ranks.  The report is rank 0's.  Collective.
MemoriesReport export_memories(const std::filesystem::path& file, const std::filesystem::path& model,
                               const Dataset& dataset, Communicator& group);

}  // namespace warmstart
