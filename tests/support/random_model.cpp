#include "tests/support/random_model.h"

#include <ATen/ATen.h>

#include "base/random.h"
#include "tests/support/random_batch.h"

namespace warmstart {

RandomModel::RandomModel(const ModelOptions& options, at::ScalarType type, const Learner::MakeNetwork& make_network)
    : learner(random_batch_schema(), options, 1, make_network),
      batch(random_batch_of(options.objective.kind)),
      tensors(batch, at::TensorOptions(type)) {
  auto& parameters = learner.parameters();
  parameters.flatten(type);
  RandomStream random(3, Purpose::kInitialise, 99);
  for (std::int64_t i = 0; i < parameters.flat().numel(); ++i) parameters.flat()[i] += 0.3 * random.normal();
}

std::int64_t RandomModel::support_rows(std::int64_t task) const {
  return tensors.support.mask[task].sum().to(at::kLong).item<std::int64_t>();
}

}  // namespace warmstart
