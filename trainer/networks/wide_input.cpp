#include "trainer/networks/wide_input.h"

namespace warmstart {

RowVars WideInput::forward(Pass& pass) const {
  auto row = network_->forward(pass);
  if (row.input) row.input = pass.concatenate({*row.input, row.features});
  return row;
}

std::optional<std::int64_t> WideInput::inputs() const {
  const auto inputs = network_->inputs();
  return inputs ? std::optional(*inputs + features()) : inputs;
}

}  // namespace warmstart
