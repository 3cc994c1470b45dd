#include "trainer/adaptation/support_readout.h"

#include <ATen/ATen.h>

namespace warmstart {

SupportReadout::SupportReadout(ReadoutKind readout, Parameters& parameters) : readout_(readout) {
  add_readout(readout, parameters);
}

void SupportReadout::apply(TaskState& state, const Support& support) const {
  const auto encoding = support.rows.encode(state.layers);
  const auto outputs = state.head.outputs(encoding.features(), encoding.base());
  state.support = {row_keys(readout_, encoding.features()), -support.objective.inner_gradient(outputs, support.labels),
                   support.labels.mask};
}

}  // namespace warmstart
