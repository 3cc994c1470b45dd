#include "trainer/adaptation/precisions.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {
namespace {

constexpr double kStart = 3.0;
constexpr double kLeast = 0.001;  // which softplus adds to

}  // namespace

void add_precisions(const std::string& name, std::int64_t features, Parameters& parameters) {
  parameters.add(name, ParameterGroup::kInner, {features + 1}, Initialiser::before_softplus({features + 1}, kStart));
}

at::Tensor precisions(const BatchParameters& parameters, const std::string& name, std::int64_t tasks) {
  return parameters.for_tasks(softplus_by_element(parameters[name]) + kLeast, tasks).unsqueeze(2);
}

}  // namespace warmstart
