#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "data/batch.h"

namespace warmstart {

// Random rows of random_batch_schema()'s, as an exported model is asked and as a batch: ragged supports (one of them
// full, another empty), unknown keys and missing values.
struct RandomRequest {
  std::map<std::string, at::Tensor> inputs;  // of the whole model
  EpisodeBatch batch;
};
RandomRequest random_request(std::int64_t tasks, std::int64_t support, std::int64_t candidates, bool binary,
                             std::uint64_t seed);

}  // namespace warmstart
