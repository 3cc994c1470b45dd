#include "trainer/adaptation/support_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/task_product.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {
namespace {

// Where the learned parameters start.
constexpr double kSharpnessOfCosine = 5.0, kSharpnessOfDistance = 3.0, kKappa = 1.0, kFactorOfValues = 1.0;

constexpr double kLeastKappa = 0.001;  // which softplus adds to
constexpr double kLeastSquare = 1e-6;  // which the square of a key's length has beside its own
constexpr double kSmooth = 0.1;        // distances below it grow as their squares do

at::Tensor squares(const at::Tensor& keys) { return keys.square().sum(2, true); }

}  // namespace

at::Tensor readout_scalar(const BatchParameters& parameters, const char* name, std::int64_t tasks) {
  return parameters.for_tasks(softplus_by_element(parameters[name]), tasks).view({-1, 1, 1});
}

at::Tensor row_keys(ReadoutKind readout, const at::Tensor& features) {
  if (readout == ReadoutKind::kSiamese) return features;
  return features / at::sqrt(features.square().sum(-1, true) + kLeastSquare);
}

at::Tensor distances(const at::Tensor& keys, const SupportMemory& memory) {
  const auto products = task_product(keys, memory.keys.transpose(1, 2));
  const auto between = squares(keys) + squares(memory.keys).transpose(1, 2) - 2.0 * products;
  // Rounding may have made next to nothing negative.
  return at::sqrt(between.clamp_min(0.0) + kSmooth * kSmooth) - kSmooth;
}

at::Tensor support_weights(ReadoutKind readout, const at::Tensor& keys, const SupportMemory& memory,
                           const BatchParameters& parameters) {
  const auto tasks = memory.mask.size(0);
  const auto far = readout == ReadoutKind::kSiamese ? distances(keys, memory)
                                                    : 1.0 - task_product(keys, memory.keys.transpose(1, 2));
  const auto sharpness = readout_scalar(parameters, "readout.sharpness", tasks);
  const auto kappa = readout_scalar(parameters, "readout.kappa", tasks) + kLeastKappa;
  const auto alike = exp_by_element(-sharpness * far) * memory.mask.unsqueeze(1);
  return readout_scalar(parameters, "readout.factor", tasks) * alike / (kappa + alike.sum(2, true));
}

void add_readout(ReadoutKind readout, Parameters& parameters) {
  const auto add = [&](const char* name, double start) {
    parameters.add(name, ParameterGroup::kInner, {}, Initialiser::before_softplus({}, start));
  };
  add("readout.sharpness", readout == ReadoutKind::kSiamese ? kSharpnessOfDistance : kSharpnessOfCosine);
  add("readout.kappa", kKappa);
  add("readout.factor", kFactorOfValues);
}

}  // namespace warmstart
