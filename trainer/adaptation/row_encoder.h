#pragma once

#include <optional>

#include "trainer/networks/network.h"

namespace warmstart {

// A network's view of rows, and the way back.
class Encoding {
 public:
  // Without a tape: no layer adapts.
  Encoding(at::Tensor features, at::Tensor base, at::Tensor input)
      : features_(std::move(features)), base_(std::move(base)), input_(std::move(input)) {}
  Encoding(std::shared_ptr<const Pass> pass, const RowVars& vars);

  const at::Tensor& features() const { return features_; }  // [.., D]
  const at::Tensor& base() const { return base_; }          // [.., 1]
  const at::Tensor& input() const { return input_; }        // [.., E]; may be undefined where no stage reads it

  bool has_tape() const { return pass_ != nullptr; }

  // From the inner loss's gradients at both: those of the layers that adapt.  For one with a tape.
  std::vector<LayerGradient> backward(const at::Tensor& of_features, const at::Tensor& of_base) const;

 private:
  at::Tensor features_, base_, input_;
  std::shared_ptr<const Pass> pass_;
  RowVars vars_;
};

// The tasks' support or query rows.  While only heads adapt, one pass over the distinct rows serves all tasks and
// steps.
class RowEncoder {
 public:
  // `network` and `rows` outlive it; `distinct` is the encoding of the distinct rows where no layer adapts, its input
  // undefined where no stage reads it.
  RowEncoder(const Network& network, Rows rows, std::optional<Encoding> distinct);

  Encoding encode(const AdaptedLayers& layers) const;

 private:
  const Network& network_;
  Rows rows_;
  std::optional<Encoding> fixed_;
};

// A pass of `rows` through `network`; `layers` and `rows` outlive the result.
Encoding encode(const Network& network, const Rows& rows, const AdaptedLayers& layers);

}  // namespace warmstart
