#pragma once

#include <memory>

#include "trainer/networks/network.h"

namespace warmstart {

// A network whose stages compare rows by its features, too, where it has an input that they would compare them by
// alone.
class WideInput : public Network {
 public:
  explicit WideInput(std::unique_ptr<Network> network) : network_(std::move(network)) {}

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return network_->features(); }
  std::optional<std::int64_t> inputs() const override;
  bool reads_history() const override { return network_->reads_history(); }
  const char* score_bias() const override { return network_->score_bias(); }

 private:
  std::unique_ptr<Network> network_;
};

}  // namespace warmstart
