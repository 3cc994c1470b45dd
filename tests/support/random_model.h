#pragma once

#include "trainer/learner/learner.h"

namespace warmstart {

// A model whose parameters are random numbers, the same in float32 as in double precision but for rounding, and a batch
// for it: that of random_batch_of(), in which a task without support rows is among the others.
struct RandomModel {
  explicit RandomModel(const ModelOptions& options, at::ScalarType type = at::kDouble,
                       const Learner::MakeNetwork& make_network = warmstart::make_network);

  at::Tensor parameter(const std::string& name) const { return learner.parameters()[name]; }
  at::Tensor outputs(const TensorBatch& of) const { return learner.outputs(learner.batch_parameters(of), of, nullptr); }
  at::Tensor losses() const { return learner.losses(learner.batch_parameters(tensors), tensors, nullptr); }
  std::int64_t support_rows(std::int64_t task) const;  // that are no padding

  Learner learner;
  EpisodeBatch batch;
  TensorBatch tensors;
};

}  // namespace warmstart
