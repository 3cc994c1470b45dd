#include "trainer/layers/adapted_linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "trainer/arithmetic/adapted_product.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/products.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;
using Optional = std::optional<at::Tensor>;

Optional optional(const at::Tensor& tensor) { return tensor.defined() ? Optional(tensor) : std::nullopt; }
at::Tensor tensor(const Optional& optional) { return optional.value_or(at::Tensor()); }

at::Tensor transposed(const at::Tensor& tensor) { return tensor.transpose(-1, -2); }

// The gradient before the activation, from the gradient behind it; `out` tells the sign.
at::Tensor before_activation(const at::Tensor& d, const at::Tensor& out, bool rectifies, double slope,
                             const at::Tensor& mask) {
  const auto before = rectifies ? at::leaky_relu_backward(d, out, slope, /*self_is_result=*/true) : d;
  return mask.defined() ? before * mask : before;
}

// The reverse passes run below autograd: what they do is not recorded.
void refuse_third_order() {
  TORCH_CHECK(!at::GradMode::is_enabled(), "AdaptedLinear: its gradient cannot be differentiated again");
}

// The values of what all microbatches share; undefined where there is none.
at::Tensor values_of(const at::Tensor& shared) { return shared.defined() ? shared[0] : shared; }
at::Tensor values_of(const Optional& shared) { return values_of(tensor(shared)); }

bool learns(const Optional& tensor) { return tensor && tensor->requires_grad(); }

// What both passes keep for going back: `terms` and `made`, and which arithmetic they were computed with.
struct Kept {
  static void save(AutogradContext* ctx, const AdaptedProductTerms& terms, const AdaptedProduct& made,
                   const Optional& mask, Precision precision) {
    const auto& [keys, values, shares, key_bias, plain_bias] = terms.remembered;
    const auto z = terms.rectifier.rectifies ? made.z : at::Tensor();
    ctx->save_for_backward({made.x, terms.shared.matrix, terms.shared.transpose, keys, values, shares, key_bias,
                            terms.start_bias, terms.start_rows, terms.behind, z, made.products, made.scaled,
                            tensor(mask)});
    const auto& [matrix, transpose, start_bias, of_key_bias] = terms.learns;
    ctx->saved_data["learns"] = std::vector<bool>{matrix, transpose, start_bias, of_key_bias};
    ctx->saved_data["microbatches"] = terms.microbatches.count;
    ctx->saved_data["first_rows"] = terms.microbatches.first_rows;
    ctx->saved_data["precision"] = static_cast<std::int64_t>(precision);
    ctx->saved_data["rectifies"] = terms.rectifier.rectifies;
    ctx->saved_data["slope"] = terms.behind.defined() ? terms.behind_slope : terms.rectifier.slope;
  }
  explicit Kept(AutogradContext* ctx) : arithmetic(static_cast<Precision>(ctx->saved_data["precision"].toInt())) {
    const auto saved = ctx->get_saved_variables();
    slope = ctx->saved_data["slope"].toDouble();
    terms.x = made.x = saved[0];
    terms.shared = {saved[1], saved[2]};
    terms.remembered = {saved[3], saved[4], saved[5], saved[6]};
    terms.start_bias = saved[7];
    terms.start_rows = saved[8];
    terms.rectifier = {ctx->saved_data["rectifies"].toBool(), slope};
    terms.behind = saved[9];
    terms.behind_slope = slope;
    const auto learns = ctx->saved_data["learns"].toBoolList();
    terms.learns = {learns[0], learns[1], learns[2], learns[3]};
    terms.microbatches = {ctx->saved_data["microbatches"].toInt(), ctx->saved_data["first_rows"].toIntVector()};
    made.z = saved[10];
    made.products = saved[11];
    made.scaled = saved[12];
    mask = saved[13];
  }

  Products arithmetic;
  AdaptedProductTerms terms;
  AdaptedProduct made;
  at::Tensor mask;
  double slope;
};

// shared + x W' + b + the memory's addition, and the activation.
struct ForwardPass : Function<ForwardPass> {
  // Autograd knows of tensors that are arguments alone.  NOLINTNEXTLINE(readability-function-size)
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const Optional& weight, const Optional& bias,
                            const Optional& shared, const Optional& keys, const Optional& values,
                            const Optional& shares, const Optional& key_bias, const Optional& transpose,
                            bool adapts_bias, const Rectifier& rectifier, const Optional& mask, Precision precision,
                            const Microbatches& microbatches) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    AdaptedProductTerms terms;
    terms.x = x;
    terms.shared = {tensor(transpose), values_of(weight)};
    terms.remembered = {tensor(keys), tensor(values), tensor(shares), values_of(key_bias), adapts_bias ? 1.0 : 0.0};
    terms.start_bias = values_of(bias);
    terms.start_rows = tensor(shared);
    terms.rectifier = rectifier;
    terms.learns = {.transpose = learns(weight), .start_bias = learns(bias), .key_bias = learns(key_bias)};
    terms.microbatches = microbatches;
    auto made = adapted_product(Products(precision), terms);
    if (mask) made.z.mul_(*mask);
    Kept::save(ctx, terms, made, mask, precision);
    return made.z;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_third_order();
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const Kept kept(ctx);
    auto d = kept.mask.defined() ? gradients[0] * kept.mask : std::move(gradients[0]);
    const auto back = adapted_product_gradients(kept.arithmetic, kept.terms, kept.made, std::move(d));
    return {back.x,
            back.transpose,
            back.start_bias,
            back.start_rows,
            back.keys,
            back.values,
            back.shares,
            back.key_bias,
            {},
            {},
            {},
            {},
            {},
            {}};
  }
};

// D = d before the activation, and D W + (D values') diag(shares) keys.  Its derivative is piecewise constant, so no
// gradient flows through `out`.
struct BackwardPass : Function<BackwardPass> {
  // NOLINTNEXTLINE(readability-function-size)
  static variable_list forward(AutogradContext* ctx, const at::Tensor& d, const Optional& out, const at::Tensor& weight,
                               const Optional& keys, const Optional& values, const Optional& shares,
                               const Optional& transpose, double slope, const Optional& mask, Precision precision,
                               const Microbatches& microbatches) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    AdaptedProductTerms terms;
    terms.x = mask ? d * *mask : d;
    terms.shared = {values_of(weight), tensor(transpose)};
    terms.remembered = {tensor(values), tensor(keys), tensor(shares), {}};
    terms.behind = tensor(out);
    terms.behind_slope = slope;
    terms.learns = {.matrix = weight.requires_grad()};
    terms.microbatches = microbatches;
    const auto made = adapted_product(Products(precision), terms);
    ctx->set_materialize_grads(false);
    Kept::save(ctx, terms, made, mask, precision);
    return {made.x, made.z};
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_third_order();
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const Kept kept(ctx);
    const auto &of_outputs = gradients[0], &of_inputs = gradients[1];
    AdaptedProductGradients back;
    if (of_inputs.defined()) {
      back = adapted_product_gradients(kept.arithmetic, kept.terms, kept.made, of_inputs, of_outputs);
      if (kept.mask.defined()) back.x.mul_(kept.mask);
    } else if (of_outputs.defined()) {
      back.x = before_activation(of_outputs, kept.terms.behind, kept.terms.behind.defined(), kept.slope, kept.mask);
    }
    return {back.x, {}, back.matrix, back.values, back.keys, back.shares, {}, {}, {}, {}, {}};
  }
};

at::Tensor activated(at::Tensor z, const Activation& activation) {
  if (activation.rectifies) z = at::leaky_relu(z, activation.slope);
  return activation.mask.defined() ? z * activation.mask : z;
}

}  // namespace

AdaptedLinear::AdaptedLinear(at::Tensor weight, at::Tensor bias, bool adapts_bias, Form form, Precision precision,
                             Microbatches microbatches)
    : weight_(std::move(weight)),
      bias_(std::move(bias)),
      adapts_bias_(adapts_bias),
      form_(form),
      precision_(precision),
      microbatches_(std::move(microbatches)) {
  if (weight_.defined() && !PlainArithmetic::stands()) transpose_ = transpose_for_products(weight_[0]);
}

at::Tensor AdaptedLinear::forward(const at::Tensor& x, const at::Tensor& shared, const Activation& activation) const {
  if (task_weight_.defined()) {
    auto z = Products(precision_).bmm(x, transposed(task_weight_));
    if (task_bias_.defined()) z = z + task_bias_;
    return activated(shared.defined() ? z + shared : z, activation);
  }
  if (!weight_.defined() && !keys_.defined()) return activated(shared, activation);
  // Double precision is for references, which go through a layer that does not adapt more than twice.
  if (PlainArithmetic::stands() ||
      (!keys_.defined() && weight_.scalar_type() == at::kDouble && microbatches_.count == 1))
    return plain_forward(x, shared, activation);
  return ForwardPass::apply(x, optional(weight_), optional(bias_), optional(shared), optional(keys_), optional(values_),
                            optional(shares_), optional(key_bias_), optional(transpose_), adapts_bias_,
                            Rectifier{activation.rectifies, activation.slope}, optional(activation.mask), precision_,
                            microbatches_);
}

std::pair<at::Tensor, at::Tensor> AdaptedLinear::backward(const at::Tensor& d, const at::Tensor& out,
                                                          const Activation& activation) const {
  const auto behind = activation.rectifies ? out.detach() : at::Tensor();
  if (task_weight_.defined()) {
    const auto at_outputs = before_activation(d, behind, activation.rectifies, activation.slope, activation.mask);
    return {at_outputs, Products(precision_).bmm(at_outputs, task_weight_)};
  }
  if (PlainArithmetic::stands()) return plain_backward(d, behind, activation);
  const auto passed =
      BackwardPass::apply(d, optional(behind), weight_, optional(keys_), optional(values_), optional(shares_),
                          optional(transpose_), activation.slope, optional(activation.mask), precision_, microbatches_);
  return {passed[0], passed[1]};
}

at::Tensor AdaptedLinear::shared_product(const at::Tensor& x) const {
  // Exported graphs may not hold products over nothing.
  if (PlainArithmetic::stands() && x.size(-1) == 0 && bias_.defined()) return x.sum(-1, true) + bias_[0];
  return at::linear(x, weight_[0], bias_.defined() ? Optional(bias_[0]) : std::nullopt);
}

at::Tensor AdaptedLinear::plain_forward(const at::Tensor& x, const at::Tensor& shared,
                                        const Activation& activation) const {
  auto z = shared;
  const auto add = [&](const at::Tensor& part) { z = z.defined() ? part + z : part; };
  if (keys_.defined()) {
    // Exported graphs may not hold products over nothing: where inputs have no width, the bias alone is left.
    auto products = keys_.size(2) == 0 ? x.sum(2, true) : at::matmul(x, transposed(keys_));
    if (adapts_bias_)
      products = products + (key_bias_.defined() ? key_bias_.view({-1, 1, 1}) : at::ones({}, x.options()));
    add(at::matmul(products * shares_, values_));
  }
  if (weight_.defined()) add(shared_product(x));
  return activated(z, activation);
}

std::pair<at::Tensor, at::Tensor> AdaptedLinear::plain_backward(const at::Tensor& d, const at::Tensor& behind,
                                                                const Activation& activation) const {
  const auto at_outputs = before_activation(d, behind, activation.rectifies, activation.slope, activation.mask);
  auto at_inputs = at::matmul(at_outputs, weight_[0]);
  if (keys_.defined()) at_inputs = at_inputs + at::matmul(at::matmul(at_outputs, transposed(values_)) * shares_, keys_);
  return {at_outputs, at_inputs};
}

void AdaptedLinear::restore(const Memory& memory, const LayerRates& rates) {
  keys_ = memory.keys;
  values_ = memory.values;
  shares_ = memory.shares;
  task_weight_ = memory.weight;
  task_bias_ = memory.bias;
  key_bias_ = adapts_bias_ ? rates.bias : at::Tensor();
}

void AdaptedLinear::pull(const at::Tensor& scale, const LayerRates& rates) {
  const auto kept = kept_by_pull(rates, scale, microbatches_);
  if (!kept.defined()) return;
  const auto towards = [&](at::Tensor& of_tasks, const at::Tensor& shared) {
    if (of_tasks.defined()) of_tasks = shared.defined() ? shared + (of_tasks - shared) * kept : of_tasks * kept;
  };
  const auto for_tasks = [&](const at::Tensor& shared) {
    return shared.defined() ? microbatches_.for_tasks(shared, scale.size(0)) : shared;
  };
  towards(shares_, {});
  towards(task_weight_, for_tasks(weight_));
  towards(task_bias_, bias_.defined() ? for_tasks(bias_).unsqueeze(1) : bias_);
}

void AdaptedLinear::add(const at::Tensor& inputs, const at::Tensor& gradients, const at::Tensor& scale,
                        const LayerRates& rates) {
  const auto tasks = inputs.size(0);
  const auto of_rows = [&](const at::Tensor& rates) { return microbatches_.for_tasks(rates, tasks).unsqueeze(1); };
  auto keys = with_curvature(inputs, rates.input_curvature, microbatches_, precision_);
  auto values = with_curvature(gradients, rates.output_curvature, microbatches_, precision_);
  if (rates.input.defined()) keys = keys * of_rows(rates.input);
  if (rates.output.defined()) values = values * of_rows(rates.output);
  const auto share = scale * -of_rows(rates.step).unsqueeze(2);
  key_bias_ = adapts_bias_ ? rates.bias : at::Tensor();
  if (form_ != Form::kWeights) {
    const auto shares = share * at::ones_like(values.narrow(2, 0, 1)).transpose(1, 2);  // inputs may have no width
    keys_ = keys_.defined() ? at::cat({keys_, keys}, 1) : keys;
    values_ = values_.defined() ? at::cat({values_, values}, 1) : values;
    shares_ = shares_.defined() ? at::cat({shares_, shares}, 2) : shares;
    return;
  }
  const auto scaled = values * share;
  const auto for_tasks = [&](const at::Tensor& shared) {
    return shared.defined() ? microbatches_.for_tasks(shared, tasks) : shared;
  };
  const auto before = task_weight_.defined() ? task_weight_ : for_tasks(weight_);
  auto change = Products(precision_).bmm(transposed(scaled), keys);
  if (rates.weight.defined()) change = change * for_tasks(rates.weight);
  task_weight_ = before.defined() ? change + before : change;
  if (!adapts_bias_) return;
  auto bias_change = scaled.sum(1, true);
  if (key_bias_.defined()) bias_change = bias_change * of_rows(key_bias_.view({key_bias_.size(0), -1}));
  if (!task_bias_.defined() && bias_.defined()) task_bias_ = for_tasks(bias_).unsqueeze(1);
  task_bias_ = task_bias_.defined() ? task_bias_ + bias_change : bias_change;
}

}  // namespace warmstart
