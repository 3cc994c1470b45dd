#include "trainer/training/step_bytes.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace warmstart {

StepBytes bytes_of_step(const Traffic& traffic, double steps, Communicator& group) {
  const auto& exchanged = traffic[TrafficKind::kExchanged];
  const auto own = at::tensor({traffic[TrafficKind::kReduced].sent, exchanged.sent,
                               traffic[TrafficKind::kEncodings].sent, std::max(exchanged.sent, exchanged.received)},
                              at::kDouble);
  const auto of_ranks = group.gather_slices(own).view({group.size(), -1}) / steps;
  const auto mean = of_ranks.mean(0);
  return {.reduced = mean[0].item<double>(),
          .exchanged = mean[1].item<double>(),
          .encodings = mean[2].item<double>(),
          .exchanged_most = of_ranks.select(1, 3).max().item<double>()};
}

}  // namespace warmstart
