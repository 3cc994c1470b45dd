#include "trainer/adaptation/support_readout.h"

#include <ATen/ATen.h>

namespace warmstart {

SupportReadout::SupportReadout(ReadoutKind readout, Parameters& parameters, std::optional<FullContext> context)
    : readout_(readout), context_(std::move(context)) {
  add_readout(readout, parameters);
}

void SupportReadout::apply(TaskState& state, const Support& support) const {
  const auto encoding = support.rows.encode(state.layers);
  const auto outputs = state.head.outputs(encoding.features(), encoding.base());
  const auto& mask = support.labels.mask;
  at::Tensor context;
  if (context_) context = context_->of_support(state.layers.parameters(), encoding.features(), mask);
  state.support = {row_keys(readout_, context_ ? context : encoding.features()),
                   -support.objective.inner_gradient(outputs, support.labels), mask, context};
}

}  // namespace warmstart
