#include "trainer/learner/memory_estimate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/host.h"

namespace warmstart {

std::string widths(const ModelOptions& options) {
  const auto& network = options.network;
  return fmt::format("model.embedding = {}, model.tower = {}, model.features = {}, model.prior = {}", network.embedding,
                     fmt::join(network.tower, ", "), network.features, options.adapt.prior);
}

void require_model_memory(const ModelOptions& options, double parameters) {
  require_memory(kBytesOfValue * parameters, fmt::format("{}: the {:.4g} parameters", widths(options), parameters));
}

}  // namespace warmstart
