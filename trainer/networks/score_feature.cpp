#include "trainer/networks/score_feature.h"

namespace warmstart {

ScoreFeature::ScoreFeature(std::unique_ptr<Network> network, const Parameters& parameters)
    : network_(std::move(network)), biases_(parameters.sizes_of(network_->score_bias()).back()) {}

RowVars ScoreFeature::forward(Pass& pass) const {
  auto row = network_->forward(pass);
  // What stages compare rows by stays what it was.
  if (!row.input) row.input = row.features;
  const auto bias = pass.columns(pass.parameter(score_bias()), biases_ - 1, 1);
  row.features = pass.concatenate({row.features, pass.add(row.base, pass.scale(bias, -1.0))});
  return row;
}

}  // namespace warmstart
