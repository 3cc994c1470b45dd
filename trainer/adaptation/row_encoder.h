#pragma once

#include <map>
#include <optional>
#include <string>

#include "trainer/networks/network.h"

namespace warmstart {

// A network's view of rows, and the way back.
class Encoding {
 public:
  // Without a tape: no layer adapts.
  Encoding(at::Tensor features, at::Tensor base, std::map<std::string, at::Tensor> parts)
      : features_(std::move(features)), base_(std::move(base)), parts_(std::move(parts)) {}
  Encoding(std::shared_ptr<const Pass> pass, const RowVars& vars);

  const at::Tensor& features() const { return features_; }  // [.., D]
  const at::Tensor& base() const { return base_; }          // [.., 1]
  // What stages read of the distinct rows, where no layer adapts: linear maps of the input, by name, [N, P].
  const std::map<std::string, at::Tensor>& parts() const { return parts_; }
  const at::Tensor& input() const { return input_; }  // [.., E]; for one with a tape

  bool has_tape() const { return pass_ != nullptr; }

  // From the inner loss's gradients at both: those of the layers that adapt.  For one with a tape.
  std::vector<LayerGradient> backward(const at::Tensor& of_features, const at::Tensor& of_base) const;

 private:
  at::Tensor features_, base_, input_;
  std::map<std::string, at::Tensor> parts_;
  std::shared_ptr<const Pass> pass_;
  RowVars vars_;
};

// The tasks' support or query rows.  While only heads adapt, one pass over the distinct rows serves all tasks and
// steps.
class RowEncoder {
 public:
  // `network` outlives it; `history` is empty unless the network reads it.
  RowEncoder(const Network& network, Rows rows, std::optional<History> history);

  // Of `distinct`, the encoding of the distinct rows where no layer adapts.
  RowEncoder(const Encoding& distinct, Rows rows);

  // Rows that were encoded before, as they are.
  explicit RowEncoder(Encoding encoding) : fixed_(std::move(encoding)) {}

  Encoding encode(const AdaptedLayers& layers) const;

  // The rows' part `name` [T, R, P], of what encode() made of them.
  at::Tensor part(const std::string& name, const Encoding& encoding, const BatchParameters& parameters) const;

 private:
  const Network* network_ = nullptr;
  std::optional<Rows> rows_;  // empty where nothing is to be gathered
  std::optional<History> history_;
  std::optional<Encoding> fixed_;
};

// A pass of `rows` through `network`; `layers`, `rows` and `history` outlive the result.
Encoding encode(const Network& network, const Rows& rows, const AdaptedLayers& layers,
                const History* history = nullptr);

}  // namespace warmstart
