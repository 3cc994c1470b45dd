#include "trainer/adaptation/modulation.h"

#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/initialiser.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

std::string name_of(const std::string& stage) { return stage + ".modulation"; }

}  // namespace

void add_modulation(const std::string& stage, std::int64_t width, std::int64_t size, Parameters& parameters) {
  if (size == 0) return;
  parameters.add(name_of(stage) + ".weight", ParameterGroup::kNetwork, {size, width},
                 Initialiser::zeros({size, width}));
}

void modulate(TaskState& state, const std::string& stage, const at::Tensor& code) {
  const auto& parameters = state.layers.parameters();
  if (parameters.contains(name_of(stage) + ".weight"))
    state.layers.modulate(tanh_by_element(linear(parameters, name_of(stage), code)));
}

}  // namespace warmstart
