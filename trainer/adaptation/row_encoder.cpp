#include "trainer/adaptation/row_encoder.h"

#include "trainer/adaptation/noise.h"
#include "trainer/layers/linear.h"

namespace warmstart {

Encoding::Encoding(std::shared_ptr<const Pass> pass, const RowVars& vars)
    : features_(pass->value(vars.features)),
      base_(pass->value(vars.base)),
      input_(pass->value(vars.input.value_or(vars.features))),
      pass_(std::move(pass)),
      vars_(vars) {}

std::vector<LayerGradient> Encoding::backward(const at::Tensor& of_features, const at::Tensor& of_base) const {
  return pass_->backward({{vars_.features, of_features}, {vars_.base, of_base}});
}

RowEncoder::RowEncoder(const Network& network, Rows rows, std::optional<History> history)
    : network_(&network), rows_(std::move(rows)), history_(std::move(history)) {}

RowEncoder::RowEncoder(const Encoding& distinct, Rows rows) : rows_(std::move(rows)) {
  fixed_.emplace(rows_->gathered(distinct.features()), rows_->gathered(distinct.base()), distinct.parts());
}

Encoding RowEncoder::encode(const AdaptedLayers& layers) const {
  if (fixed_) return *fixed_;
  return warmstart::encode(*network_, *rows_, layers, history_ ? &*history_ : nullptr);
}

at::Tensor RowEncoder::part(const std::string& name, const Encoding& encoding,
                            const BatchParameters& parameters) const {
  if (!fixed_ && name == kRowNoise) return row_noise_part(parameters, encoding.input(), *rows_);
  if (!fixed_) return linear(parameters, name, encoding.input());
  const auto& part = fixed_->parts().at(name);
  return rows_ ? rows_->gathered(part) : part;
}

Encoding encode(const Network& network, const Rows& rows, const AdaptedLayers& layers, const History* history) {
  const auto pass = std::make_shared<Pass>(layers, rows, history);
  const auto vars = network.forward(*pass);
  return {pass, vars};
}

}  // namespace warmstart
