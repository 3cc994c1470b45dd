#pragma once

#include <memory>

#include "trainer/networks/network.h"

namespace warmstart {

// A network whose rows have one feature more, their score before the head less what all rows have in common: by its
// weight in a task's head the task's scores spread or draw together.
class ScoreFeature : public Network {
 public:
  // `parameters` are those that `network` was built with.
  ScoreFeature(std::unique_ptr<Network> network, const Parameters& parameters);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return network_->features() + 1; }
  std::optional<std::int64_t> inputs() const override { return network_->inputs().value_or(network_->features()); }
  bool reads_history() const override { return network_->reads_history(); }
  const char* score_bias() const override { return network_->score_bias(); }

 private:
  std::unique_ptr<Network> network_;
  std::int64_t biases_;  // of the parameter score_bias()
};

}  // namespace warmstart
