#include "trainer/adapted_linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "trainer/products.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

Optional optional(const at::Tensor& tensor) { return tensor.defined() ? Optional(tensor) : std::nullopt; }
at::Tensor tensor(const Optional& optional) { return optional.value_or(at::Tensor()); }

at::Tensor flat(const at::Tensor& tensor) { return tensor.reshape({-1, tensor.size(-1)}); }
at::Tensor transposed(const at::Tensor& tensor) { return tensor.transpose(-1, -2); }

// x [.., in] times a matrix [in, out].
at::Tensor times(const Products& products, const at::Tensor& x, const at::Tensor& matrix) {
  auto shape = x.sizes().vec();
  shape.back() = matrix.size(1);
  return products.mm(flat(x), matrix).view(shape);
}

// Whether nobody else can see `tensor` change.
bool is_owned(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1 && tensor.is_contiguous() && !tensor.requires_grad();
}

// The gradient before the activation, from that behind it, in the same memory where that is free; `out` tells the sign.
at::Tensor before_activation(at::Tensor d, const at::Tensor& out, bool rectifies, double slope, const at::Tensor& mask) {
  if (!rectifies) return mask.defined() ? d * mask : d;
  auto before = is_owned(d) ? at::leaky_relu_backward_out(d, d, out, slope, true) : at::leaky_relu_backward(d, out, slope, true);
  return mask.defined() ? before.mul_(mask) : before;
}

// The reverse passes run below autograd: what they do is not recorded.
void refuse_third_order() { TORCH_CHECK(!at::GradMode::is_enabled(), "AdaptedLinear: its gradient cannot be differentiated again"); }

// What a memory of keys [T, M, in] and values [T, M, out] adds to a layer: (x keys' + key_bias) diag(shares) values, the
// products scaled by each remembered row's share [T, 1, M] (of the two factors around them, they are the smallest).

// shared + x W' + b + the memory's addition, and the activation.
struct ForwardPass : Function<ForwardPass> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const Optional& weight, const Optional& bias, const Optional& shared,
                            const Optional& keys, const Optional& values, const Optional& shares, const Optional& key_bias,
                            bool adapts_bias, bool rectifies, double slope, const Optional& mask, Precision precision) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    const Products of(precision);
    at::Tensor z = tensor(shared), products, scaled;
    if (weight) z = shared_layer(of, x, *weight, bias, shared);
    if (keys) {
      products = of.abt(x, *keys);
      if (key_bias)
        products.add_(*key_bias);
      else if (adapts_bias)
        products.add_(1.0);
      // The products themselves are needed again only where the shares learn.
      scaled = shares->requires_grad() ? products * *shares : products.mul_(*shares);
      if (!weight) z = z.clone();  // it is the caller's
      of.add_ab(z, scaled, *values);
    }
    if (rectifies) at::leaky_relu_(z, slope);
    if (mask) z.mul_(*mask);
    ctx->save_for_backward(
        {x, tensor(weight), tensor(keys), tensor(values), tensor(shares), products, scaled, rectifies ? z : at::Tensor(), tensor(mask)});
    ctx->saved_data["precision"] = static_cast<std::int64_t>(precision);
    ctx->saved_data["rectifies"] = rectifies;
    ctx->saved_data["slope"] = slope;
    ctx->saved_data["bias"] = bias.has_value();
    ctx->saved_data["shared"] = shared.has_value();
    ctx->saved_data["key_bias"] = key_bias.has_value();
    return z;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_third_order();
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const Products of(static_cast<Precision>(ctx->saved_data["precision"].toInt()));
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &keys = saved[2], &values = saved[3], &shares = saved[4], &products = saved[5],
               &scaled = saved[6], &out = saved[7], &mask = saved[8];
    const auto g =
        before_activation(std::move(gradients[0]), out, ctx->saved_data["rectifies"].toBool(), ctx->saved_data["slope"].toDouble(), mask);
    at::Tensor of_x, of_weight, of_bias, of_shared, of_keys, of_values, of_shares, of_key_bias;
    if (weight.defined()) of_weight = of.mm(flat(g).t(), flat(x));
    if (ctx->saved_data["bias"].toBool()) of_bias = flat(g).sum(0);
    if (ctx->saved_data["shared"].toBool()) of_shared = g;
    if (weight.defined() && x.requires_grad()) of_x = times(of, g, weight);
    if (keys.defined()) {
      of_values = of.atb(scaled, g);
      auto of_products = of.abt(g, values);
      if (shares.requires_grad()) of_shares = (of_products * products).sum(1, true);
      of_products.mul_(shares);
      if (keys.requires_grad()) of_keys = of.atb(of_products, x);
      if (ctx->saved_data["key_bias"].toBool()) of_key_bias = of_products.sum();
      if (x.requires_grad() && of_x.defined())
        of.add_ab(of_x, of_products, keys);
      else if (x.requires_grad())
        of_x = of.ab(of_products, keys);
    }
    return {of_x, of_weight, of_bias, of_shared, of_keys, of_values, of_shares, of_key_bias, {}, {}, {}, {}, {}};
  }

 private:
  static at::Tensor shared_layer(const Products& of, const at::Tensor& x, const at::Tensor& weight, const Optional& bias,
                                 const Optional& shared) {
    const auto matrix = weight.t();
    auto z = shared ? of.addmm(flat(*shared), flat(x), matrix) : bias ? of.addmm(*bias, flat(x), matrix) : of.mm(flat(x), matrix);
    if (shared && bias) z.add_(*bias);
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return z.view(shape);
  }
};

// D = d before the activation, and D W + (D values') diag(shares) keys.  Which way a rectifier leans does not change with `out`.
struct BackwardPass : Function<BackwardPass> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& d, const Optional& out, const at::Tensor& weight,
                               const Optional& keys, const Optional& values, const Optional& shares, bool rectifies, double slope,
                               const Optional& mask, Precision precision) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    const Products of(precision);
    const auto at_outputs = before_activation(d, tensor(out), rectifies, slope, tensor(mask));
    auto at_inputs = times(of, at_outputs, weight);
    at::Tensor products, scaled;
    if (keys) {
      products = of.abt(at_outputs, *values);
      scaled = shares->requires_grad() ? products * *shares : products.mul_(*shares);
      of.add_ab(at_inputs, scaled, *keys);
    }
    ctx->set_materialize_grads(false);
    ctx->save_for_backward({at_outputs, tensor(out), weight, tensor(keys), tensor(values), tensor(shares), products, scaled, tensor(mask)});
    ctx->saved_data["precision"] = static_cast<std::int64_t>(precision);
    ctx->saved_data["rectifies"] = rectifies;
    ctx->saved_data["slope"] = slope;
    return {at_outputs, at_inputs};
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_third_order();
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const Products of(static_cast<Precision>(ctx->saved_data["precision"].toInt()));
    const auto saved = ctx->get_saved_variables();
    const auto &at_outputs = saved[0], &out = saved[1], &weight = saved[2], &keys = saved[3], &values = saved[4], &shares = saved[5],
               &products = saved[6], &scaled = saved[7], &mask = saved[8];
    auto g = std::move(gradients[0]);
    const auto& of_inputs = gradients[1];
    at::Tensor of_weight, of_keys, of_values, of_shares;
    if (of_inputs.defined()) {
      of_weight = of.mm(flat(at_outputs).t(), flat(of_inputs));
      auto from_inputs = times(of, of_inputs, weight.t());
      if (keys.defined()) {
        auto of_products = of.abt(of_inputs, keys);
        if (shares.requires_grad()) of_shares = (of_products * products).sum(1, true);
        of_products.mul_(shares);
        of_keys = of.atb(scaled, of_inputs);
        of_values = of.atb(of_products, at_outputs);
        of.add_ab(from_inputs, of_products, values);
      }
      g = g.defined() ? from_inputs.add_(g) : std::move(from_inputs);
    }
    if (g.defined())
      g = before_activation(std::move(g), out, ctx->saved_data["rectifies"].toBool(), ctx->saved_data["slope"].toDouble(), mask);
    return {g, {}, of_weight, of_keys, of_values, of_shares, {}, {}, {}, {}};
  }
};

at::Tensor activated(at::Tensor z, const Activation& activation) {
  if (activation.rectifies) z = at::leaky_relu(z, activation.slope);
  return activation.mask.defined() ? z * activation.mask : z;
}

}  // namespace

AdaptedLinear::AdaptedLinear(at::Tensor weight, at::Tensor bias, bool adapts_bias, Form form, Precision precision)
    : weight_(std::move(weight)), bias_(std::move(bias)), adapts_bias_(adapts_bias), form_(form), precision_(precision) {}

at::Tensor AdaptedLinear::forward(const at::Tensor& x, const at::Tensor& shared, const Activation& activation) const {
  if (task_weight_.defined()) {
    auto z = Products(precision_).bmm(x, transposed(task_weight_));
    if (task_bias_.defined()) z = z + task_bias_;
    return activated(shared.defined() ? z + shared : z, activation);
  }
  if (!weight_.defined() && !keys_.defined()) return activated(shared, activation);
  return ForwardPass::apply(x, optional(weight_), optional(bias_), optional(shared), optional(keys_), optional(values_), optional(shares_),
                            optional(key_bias_), adapts_bias_, activation.rectifies, activation.slope, optional(activation.mask),
                            precision_);
}

std::pair<at::Tensor, at::Tensor> AdaptedLinear::backward(const at::Tensor& d, const at::Tensor& out, const Activation& activation) const {
  const auto behind = activation.rectifies ? out.detach() : at::Tensor();
  if (task_weight_.defined()) {
    const auto at_outputs = before_activation(d, behind, activation.rectifies, activation.slope, activation.mask);
    return {at_outputs, Products(precision_).bmm(at_outputs, task_weight_)};
  }
  const auto passed = BackwardPass::apply(d, optional(behind), weight_, optional(keys_), optional(values_), optional(shares_),
                                          activation.rectifies, activation.slope, optional(activation.mask), precision_);
  return {passed[0], passed[1]};
}

void AdaptedLinear::add(const at::Tensor& inputs, const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates) {
  const auto keys = rates.input.defined() ? inputs * rates.input : inputs;
  const auto values = rates.output.defined() ? gradients * rates.output : gradients;
  const auto share = scale * -rates.step;
  key_bias_ = adapts_bias_ ? rates.bias : at::Tensor();
  if (form_ != Form::kWeights) {
    const auto shares = share.expand({keys.size(0), 1, keys.size(1)});
    keys_ = keys_.defined() ? at::cat({keys_, keys}, 1) : keys;
    values_ = values_.defined() ? at::cat({values_, values}, 1) : values;
    shares_ = shares_.defined() ? at::cat({shares_, shares}, 2) : shares;
    return;
  }
  const auto scaled = values * share;
  const auto& before = task_weight_.defined() ? task_weight_ : weight_;
  const Products of(precision_);
  task_weight_ = before.defined() ? of.baddbmm(before, transposed(scaled), keys) : of.bmm(transposed(scaled), keys);
  if (!adapts_bias_) return;
  auto bias_change = scaled.sum(1, true);
  if (key_bias_.defined()) bias_change = bias_change * key_bias_;
  task_bias_ = task_bias_.defined() ? task_bias_ + bias_change : bias_.defined() ? bias_ + bias_change : bias_change;
}

}  // namespace warmstart
