#include "tests/support/exact_meta_gradient.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"

namespace warmstart {
namespace {

using Weights = std::map<std::string, at::Tensor>;

// One task of a batch, its support and query rows without padding.
TensorBatch only_task(const TensorBatch& batch, std::int64_t task) {
  auto one = batch;
  one.tasks = 1;
  const auto& [ids, dense] = batch.descriptions;
  const auto& [lookup, offsets, weights, padded] = ids;
  const auto first = offsets[task].item<std::int64_t>();
  const auto end = task + 1 < batch.tasks ? offsets[task + 1].item<std::int64_t>() : weights.size(0);
  one.descriptions = {{lookup, at::zeros({1}, offsets.options()), weights.slice(0, first, end)},
                      dense.narrow(0, task, 1)};
  const auto unpadded = [&](const RowTensors& rows) {
    const auto count = rows.mask[task].sum().to(at::kLong).item<std::int64_t>();
    const auto of = [&](const at::Tensor& values) { return values.narrow(0, task, 1).narrow(1, 0, count); };
    return RowTensors{of(rows.place), of(rows.label), of(rows.mask)};
  };
  one.descriptions.ids.lookup.places = lookup.places.slice(0, first, end);
  one.support = unpadded(batch.support);
  one.query = unpadded(batch.query);
  return one;
}

// The network mlp with a task's gains and shifts as parameters, for a reference that knows one task at a time.
class ModulatedMlp : public Network {
 public:
  explicit ModulatedMlp(const NetworkParts& parts)
      : features_(parts.options.tower.back()),
        fields_(add_fields(parts)),
        tower_(add_tower(parts, parts.options.embedding)) {
    for (std::size_t i = 0; i < tower_.size(); ++i)
      for (const auto* kind : {"gain.", "shift."}) {
        const auto width = parts.options.tower[i];
        parts.parameters.add(kind + std::to_string(i), ParameterGroup::kNetwork, {width}, Initialiser::zeros({width}));
      }
    output_ = parts.layers.add_linear("output", features_, 1, parts.draw.uniform({1, features_}, features_, 0.1),
                                      Initialiser::zeros({1}));
  }

  RowVars forward(Pass& pass) const override {
    const auto key_bias = pass.key(fields_.key_bias);
    const auto input = pass.fields(fields_.embedding, fields_.dense);
    auto x = input;
    for (std::size_t i = 0; i < tower_.size(); ++i) {
      x = pass.linear(tower_[i], x, {.start = {}, .rectifies = true});
      const auto scaled = pass.multiply(x, pass.parameter("gain." + std::to_string(i)));
      x = pass.add(pass.add(x, scaled), pass.parameter("shift." + std::to_string(i)));
    }
    return {x, pass.linear(output_, x, {.start = key_bias}), input};
  }
  std::int64_t features() const override { return features_; }
  std::optional<std::int64_t> inputs() const override { return features_; }
  const char* score_bias() const override { return "output.bias"; }

 private:
  std::int64_t features_;
  FieldLayers fields_;
  std::vector<LayerId> tower_;
  LayerId output_;
};

class Reference {
 public:
  Reference(const Learner& learner, const Learner::MakeNetwork& make_network)
      : learner_(learner),
        options_(learner.options()),
        plain_(random_batch_schema(), plain_options(options_), 0,
               options_.adapt.modulation ? Learner::MakeNetwork(modulated) : make_network),
        start_(random_batch_schema(), start_options(options_), 0, make_network) {
    for (auto* model : {&plain_, &start_}) model->parameters().flatten(at::kDouble);
  }

  at::Tensor loss(const TensorBatch& batch, std::int64_t task) {
    const auto one = only_task(batch, task);
    const auto weights = adapted(start_of(one), one);
    auto outputs = this->outputs(weights, one, one.query);
    if (has_kernel()) outputs = outputs + added_by_kernel(weights, one);
    if (options_.adapt.readout == ReadoutKind::kLinear) return outer_costs(outputs, one.query.label).mean();
    return loss_of_comparing(weights, one, outputs);
  }

  // What a task's steps have changed, as a number whose gradient is minus that.
  at::Tensor change_loss(const TensorBatch& batch, std::int64_t task) {
    const auto one = only_task(batch, task);
    const auto start = start_of(one), end = adapted(start, one);
    auto loss = constant(0.0);
    for (const auto& [name, value] : start) loss = loss + (value * (value - end.at(name)).detach()).sum();
    return loss;
  }

 private:
  static std::unique_ptr<Network> modulated(const NetworkParts& parts) { return std::make_unique<ModulatedMlp>(parts); }
  // The network with a head that is among its parameters, and nothing that adapts.
  static ModelOptions plain_options(ModelOptions options) {
    options.adapt.stages = {StageKind::kSteps};
    options.adapt.modulation = false;
    return start_options(options);
  }
  // The stages before the steps, of which there are none; the head is all that counts, whatever reads it.
  static ModelOptions start_options(ModelOptions options) {
    const auto& inner = options.adapt.inner;
    if (!options.adapt.stages.empty()) {
      options.adapt.readout = ReadoutKind::kLinear;
      options.adapt.full_context = 0;
    }
    options.adapt.inner = {.steps = 0, .scope = inner.scope, .warp = inner.warp};
    // The kernel is written out here, over what they make.
    if (std::erase(options.adapt.stages, StageKind::kKernel) > 0 && options.adapt.stages.empty())
      options.adapt.stages = {StageKind::kSteps};
    return options;
  }

  const InnerOptions& inner() const { return options_.adapt.inner; }
  // Of the pairs that are to be in order, one after the other.
  static at::Tensor cost_of_pairs(const at::Tensor& outputs, const at::Tensor& labels) {
    auto sum = 0.0 * outputs.sum();
    int pairs = 0;
    for (std::int64_t i = 0; i < labels.size(1); ++i) {
      for (std::int64_t j = 0; j < labels.size(1); ++j) {
        if (labels[0][i].item<double>() <= labels[0][j].item<double>()) continue;
        sum = sum + at::softplus(outputs[0][j] - outputs[0][i]);
        ++pairs;
      }
    }
    return pairs > 0 ? sum / pairs : sum;
  }
  // Of outputs [1, R, C] and labels [1, R]: [1, R].  What a task's rows cost together is each one's equal share.
  at::Tensor inner_costs(const at::Tensor& of_outputs, const at::Tensor& labels) const {
    const auto kind = options_.objective.kind;
    if (kind == ObjectiveKind::kClasses)
      return at::cross_entropy_loss(of_outputs[0], labels[0].to(at::kLong), {}, at::Reduction::None).unsqueeze(0);
    const auto outputs = of_outputs.squeeze(2);
    if (kind == ObjectiveKind::kPairwise) return cost_of_pairs(outputs, labels).expand_as(outputs);
    if (kind == ObjectiveKind::kListwise) {
      const auto wanted = at::softmax(labels / options_.objective.listwise_temperature, 1);
      return -(wanted * at::log_softmax(outputs, 1)).sum().expand_as(outputs);
    }
    if (kind == ObjectiveKind::kBinary)
      return at::binary_cross_entropy_with_logits(outputs, labels, {}, {}, at::Reduction::None);
    if (kind == ObjectiveKind::kPoisson)
      return at::poisson_nll_loss(outputs, labels, true, false, 0.0, at::Reduction::None);
    const auto squared = (outputs - labels).square();
    if (kind == ObjectiveKind::kSquared) return 0.5 * squared;
    const auto width = options_.objective.huber_width;
    return width * (at::sqrt(squared + width * width) - width);
  }
  at::Tensor outer_costs(const at::Tensor& outputs, const at::Tensor& labels) const {
    const auto kind = options_.objective.kind;
    if (kind == ObjectiveKind::kPoisson) return inner_costs(outputs, labels) + at::xlogy(labels, labels) - labels;
    if (kind != ObjectiveKind::kSquared) return inner_costs(outputs, labels);
    const auto squared = (outputs.squeeze(2) - labels).square();
    return squared + options_.objective.absolute * at::sqrt(squared + 0.01);
  }
  bool learned() const { return inner().rates != InnerRates::kFixed; }
  at::Tensor raw(const std::string& name) const { return at::softplus(learner_.parameters()[name]); }
  static at::Tensor constant(double value) { return at::full({}, value, at::kDouble); }

  // The task's parameters before any step: the shared ones, and the head that the stages before the steps have made.
  Weights start_of(const TensorBatch& one) {
    for (const auto& parameter : start_.parameters().list())
      if (learner_.parameters().contains(parameter.name))
        start_.parameters().replace(parameter.name, learner_.parameters()[parameter.name]);
    const auto parameters = start_.batch_parameters(one);
    const auto state = start_.adapt(parameters, one);
    const auto& head = state.head;
    Weights weights = {{"head.weight", head.w[0]}, {"head.bias", head.b[0][0]}};
    // Of several classes a stage alone that solves for the head starts from zeros.
    if (has_kernel() && options_.adapt.stages.size() == 1)
      for (auto& [name, value] : weights) value = at::zeros_like(value);
    if (options_.adapt.modulation) add_modulation(weights, state.layers.modulation());
    for (const auto& parameter : plain_.parameters().list()) {
      if (!weights.contains(parameter.name)) weights[parameter.name] = learner_.parameters()[parameter.name];
    }
    return weights;
  }

  // Of a task [1, 1, ..]: the first layer's gains, its shifts, the next one's gains and so on.
  void add_modulation(Weights& weights, const at::Tensor& modulation) const {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < options_.network.tower.size(); ++i)
      for (const auto* kind : {"gain.", "shift."}) {
        const auto width = options_.network.tower[i];
        // A task without support rows has none that are read off them.
        weights[kind + std::to_string(i)] =
            modulation.defined() ? modulation[0][0].narrow(0, first, width) : at::zeros({width}, at::kDouble);
        first += width;
      }
  }

  Weights adapted(Weights weights, const TensorBatch& one) {
    const Weights start = {{"head.weight", weights["head.weight"]}, {"head.bias", weights["head.bias"]}};
    const int steps = one.support.label.numel() > 0 ? inner().steps : 0;
    for (int step = 0; step < steps; ++step) take_step(weights, start, one, step);
    return weights;
  }

  at::Tensor outputs(const Weights& weights, const TensorBatch& one, const RowTensors& rows) {
    for (const auto& [name, value] : weights) plain_.parameters().replace(name, value);
    auto judged = one;
    judged.query = rows;
    return plain_.outputs(plain_.batch_parameters(judged), judged, nullptr);
  }

  // Of the support rows themselves; one that the network lets look at the others, after the other.
  at::Tensor support_outputs(const Weights& weights, const TensorBatch& one) {
    if (!plain_.network().reads_history()) return outputs(weights, one, one.support);
    const auto rows = one.support.label.size(1);
    std::vector<at::Tensor> of_rows;
    for (std::int64_t i = 0; i < rows; ++i) {
      auto others = one;
      const auto apart = [&](const at::Tensor& values) {
        return std::pair(values.narrow(1, i, 1), at::cat({values.narrow(1, 0, i), values.slice(1, i + 1)}, 1));
      };
      RowTensors row;
      std::tie(row.place, others.support.place) = apart(one.support.place);
      std::tie(row.label, others.support.label) = apart(one.support.label);
      std::tie(row.mask, others.support.mask) = apart(one.support.mask);
      of_rows.push_back(outputs(weights, others, row));
    }
    return at::cat(of_rows, 1);
  }

  bool has_kernel() const {
    return !options_.adapt.stages.empty() && options_.adapt.stages.back() == StageKind::kKernel;
  }

  // What the kernel adds to the query rows' outputs of classes, [1, Q, C]: regression on all pairs of rows, in the
  // steps that the bound of the softmax's curvature by 1/2 gives.
  at::Tensor added_by_kernel(const Weights& weights, const TensorBatch& one) {
    const auto rows = learner_.encode(learner_.batch_parameters(one), one, nullptr);
    const auto seen = [&](const at::Tensor& places) {
      const auto features = rows.features().index_select(0, places);
      return std::pair(at::cat({features, at::ones_like(features.narrow(1, 0, 1))}, 1),
                       raw("kernel.factor") * rows.parts().at("kernel.points").index_select(0, places));
    };
    const auto support = seen(one.support.place[0]), query = seen(one.query.place[0]);
    const auto variance = at::diag(at::reciprocal(raw("kernel.precision") + 0.001));
    const auto kernel = [&](const auto& a, const auto& b) {
      const auto squares = (a.second.unsqueeze(1) - b.second.unsqueeze(0)).square().sum(2);
      return a.first.mm(variance).mm(b.first.t()) + raw("kernel.scale") * at::exp(-0.5 * squares);
    };
    const auto of_support = kernel(support, support), start = support_outputs(weights, one)[0];
    const auto labels = at::one_hot(one.support.label[0].to(at::kLong), start.size(1)).to(at::kDouble);
    auto of_rows = at::zeros_like(start);
    for (int step = 0; step < learner_.objective().newton_steps(); ++step) {
      const auto outputs = start + of_support.mm(of_rows);
      const auto wanted = outputs + 2.0 * (labels - at::softmax(outputs, 1));
      of_rows = at::linalg_solve(of_support + 2.0 * at::eye(start.size(0), at::kDouble), wanted - start);
    }
    return kernel(query, support).mm(of_rows).unsqueeze(0);
  }

  // A query's and a support's rows, each [R, D], as one sees them with the support (Vinyals et al. 2016, appendix A),
  // by LibTorch's function of one step.
  std::pair<at::Tensor, at::Tensor> in_full_context(const at::Tensor& query, const at::Tensor& support) const {
    const auto of = [&](const std::string& name) { return learner_.parameters()["context." + name]; };
    const auto rows = support.size(0);
    std::vector<at::Tensor> g;
    for (std::int64_t i = 0; i < rows; ++i) g.push_back(support[i]);
    for (const std::string way : {"forward", "backward"}) {
      auto hidden = at::zeros_like(query.narrow(0, 0, 1)), cell = hidden;
      for (std::int64_t step = 0; step < rows; ++step) {
        const auto i = way == "forward" ? step : rows - 1 - step;
        std::tie(hidden, cell) =
            at::lstm_cell(support.narrow(0, i, 1), {hidden, cell}, of(way + ".input.weight"), of(way + ".state.weight"),
                          of(way + ".input.bias"), of(way + ".state.bias"));
        g[static_cast<std::size_t>(i)] = g[static_cast<std::size_t>(i)] + hidden[0];
      }
    }
    const auto context = rows > 0 ? at::stack(g) : support;
    const auto weight = at::cat({of("query.weight"), of("read.weight")}, 1);
    auto q = at::zeros_like(query), cell = q;
    for (int step = 0; step < options_.adapt.full_context; ++step) {
      const auto read = rows > 0 ? at::softmax(q.mm(context.t()), 1).mm(context) : at::zeros_like(query);
      std::tie(q, cell) = at::lstm_cell(at::cat({query, read}, 1), {q, cell}, weight, of("state.weight"),
                                        of("query.bias"), at::zeros_like(of("query.bias")));
      q = q + query;
    }
    return {q, context};
  }

  // With a readout that compares rows, by its equations, one pair of a query and a support row after the other; of_head
  // [1, Q, C].
  at::Tensor loss_of_comparing(const Weights& weights, const TensorBatch& one, const at::Tensor& of_head) {
    const auto of_support = support_outputs(weights, one);
    const auto costs = inner_costs(of_support, one.support.label).sum();
    const auto rows = one.support.label.size(1);
    auto residuals = at::zeros_like(of_support);
    if (rows > 0) residuals = -torch::autograd::grad({costs}, {of_support}, {}, true, true)[0];
    const auto features = plain_.encode(plain_.batch_parameters(one), one, nullptr).features();
    auto of_query = features.index_select(0, one.query.place[0]);
    auto compared = features.index_select(0, one.support.place[0]);
    if (options_.adapt.full_context > 0) std::tie(of_query, compared) = in_full_context(of_query, compared);
    const bool siamese = options_.adapt.readout == ReadoutKind::kSiamese;
    const auto& contrast = options_.adapt.contrast;
    std::vector<at::Tensor> outputs;
    auto contrasts = 0.0 * of_head.sum();
    for (std::int64_t q = 0; q < of_head.size(1); ++q) {
      auto sum = at::zeros_like(of_head[0][q]), alike = raw("readout.kappa") + 0.001;
      for (std::int64_t i = 0; i < rows; ++i) {
        const auto a = of_query[q], b = compared[i];
        const auto length = [](const at::Tensor& x) { return at::sqrt(x.dot(x) + 1e-6); };
        const auto distance = at::sqrt((a - b).square().sum() + 0.01) - 0.1;
        const auto far = siamese ? distance : 1.0 - a.dot(b) / (length(a) * length(b));
        const auto e = at::exp(-raw("readout.sharpness") * far);
        sum = sum + e * raw("readout.factor") * residuals[0][i];
        alike = alike + e;
        const bool of_a_kind =
            std::abs((one.query.label[0][q] - one.support.label[0][i]).item<double>()) <= contrast.alike;
        contrasts = contrasts + (of_a_kind ? distance : at::relu(contrast.margin - distance));
      }
      outputs.push_back(of_head[0][q] + sum / alike);
    }
    auto loss = outer_costs(at::stack(outputs).unsqueeze(0), one.query.label).mean();
    if (!siamese || rows == 0) return loss;
    return loss + contrast.weight * contrasts / static_cast<double>(rows * of_head.size(1));
  }

  bool adapts(const std::string& name) const {
    if (name.starts_with("head.")) return true;
    if (name == "mean" || name.starts_with("warp.") || name.starts_with("gain.") || name.starts_with("shift.") ||
        inner().scope == Scope::kHead)
      return false;
    const bool is_linear = name.ends_with(".weight") || name.ends_with(".bias");
    return is_linear || inner().scope == Scope::kAll;
  }

  at::Tensor step_rate(const std::string& layer, int step) const {
    return learned() ? raw("inner." + layer + ".rate")[step] : constant(inner().tower_rate);
  }

  // How a parameter is pulled back to the shared one.
  at::Tensor pull(const std::string& name, const at::Tensor& value, int step) const {
    if (name.starts_with("head.") || inner().tower_pull == 0.0) return at::zeros_like(value);
    const auto layer = name.substr(0, name.rfind('.'));
    const auto strength = learned() ? raw("inner." + layer + ".pull") : constant(inner().tower_pull);
    return step_rate(layer, step) * strength * (value - learner_.parameters()[name]);
  }

  // How a parameter's gradient is scaled, shaped like it.
  at::Tensor rate(const std::string& name, int step) const {
    const bool each_weight = inner().rates == InnerRates::kElementwise;
    const bool by_parameter = inner().rates == InnerRates::kPerParameter || each_weight;
    const auto stem = name.substr(0, name.rfind('.'));
    const auto part = name.substr(std::min(name.size(), stem.size() + 1));
    if (stem == "head") {
      if (!learned()) return constant(inner().rate);
      const auto rates = raw("inner.head.rate")[step];
      const auto features = rates.size(0) - 1;
      if (!by_parameter) return rates[0];
      return part == "weight" ? rates.narrow(0, 0, features) : rates.narrow(0, features, 1);
    }
    auto result = step_rate(stem, step);
    if (!by_parameter) return result;
    if (each_weight && !part.empty()) return result * raw("inner." + name);
    const auto output = result * raw("inner." + stem + ".output");
    if (part == "weight") return output.unsqueeze(1) * raw("inner." + stem + ".input").unsqueeze(0);
    return part == "bias" ? output * raw("inner." + stem + ".bias") : output;
  }

  // A gradient between the Kronecker factors, whole: (I + O) G (I + N)'.
  at::Tensor curved(const std::string& name, const at::Tensor& gradient) const {
    const auto stem = name.substr(0, name.rfind('.'));
    const auto factor = [&](const char* side) {
      const auto curvature = learner_.parameters()["inner." + stem + side];
      return curvature + at::eye(curvature.size(0), curvature.options());
    };
    if (name.ends_with(".bias")) return at::mv(factor(".output_curvature"), gradient);
    if (!name.ends_with(".weight")) return at::mm(gradient, factor(".output_curvature").t());
    return at::linalg_multi_dot({factor(".output_curvature"), gradient, factor(".input_curvature").t()});
  }

  // The head's, of [w, b] together.
  void curve(Weights& gradients) const {
    if (inner().rates != InnerRates::kKronecker) return;
    for (auto& [name, gradient] : gradients)
      if (!name.starts_with("head.")) gradient = curved(name, gradient);
    auto &w = gradients["head.weight"], &b = gradients["head.bias"];
    const auto curvature = learner_.parameters()["inner.head.curvature"];
    const auto whole = at::cat({w, b.unsqueeze(1)}, 1);
    const auto result = whole + at::mm(whole, curvature.t());
    std::tie(w, b) = std::tuple(result.slice(1, 0, -1), result.select(1, -1));
  }

  void take_step(Weights& weights, const Weights& start, const TensorBatch& one, int step) {
    std::vector<std::string> names;
    std::vector<at::Tensor> values;
    for (auto& [name, value] : weights) {
      if (!adapts(name) || value.numel() == 0) continue;
      // A step sees each parameter by itself, whatever another one was made of.
      value = value.clone();
      names.push_back(name);
      values.push_back(value);
    }
    const auto loss = inner_costs(support_outputs(weights, one), one.support.label).sum();
    const auto gradients = torch::autograd::grad({loss}, values, {}, true, inner().second_order, true);
    const auto kappa = learned() ? raw("inner.kappa")[step] : constant(inner().kappa);
    const auto kept = [&](const at::Tensor& tensor) { return inner().second_order ? tensor : tensor.detach(); };
    Weights moves;
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto& gradient = moves[names[i]] = kept(gradients[i].defined() ? gradients[i] : at::zeros_like(values[i]));
      if (const auto found = start.find(names[i]); found != start.end()) {
        const auto pull = learned() ? raw("inner.pull")[names[i] == "head.weight" ? 0 : 1] : constant(inner().pull);
        gradient = gradient + pull * kept(values[i] - found->second);
      }
    }
    curve(moves);
    const auto divisor = static_cast<double>(one.support.label.numel()) + kappa;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto& name = names[i];
      weights[name] = values[i] - (rate(name, step) * moves[name] + pull(name, values[i], step)) / divisor;
    }
  }

  const Learner& learner_;
  ModelOptions options_;
  Learner plain_, start_;
};

template <typename LossOfTask>
at::Tensor of_tasks(const EpisodeBatch& batch, const LossOfTask& loss_of) {
  std::vector<at::Tensor> losses;
  for (std::int64_t task = 0; task < batch.tasks; ++task) losses.push_back(loss_of(task));
  return at::stack(losses);
}

void expect_same_gradients(const Parameters& parameters, const at::Tensor& loss, const at::Tensor& expected_loss) {
  const auto values = parameters.values();
  const auto gradients = torch::autograd::grad({loss}, values, {}, std::nullopt, false, true);
  const auto expected = torch::autograd::grad({expected_loss}, values, {}, std::nullopt, false, true);
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& name = parameters.list()[i].name;
    if (values[i].numel() == 0) continue;
    const auto or_zero = [&](const at::Tensor& gradient) {
      return gradient.defined() ? gradient : at::zeros_like(values[i]);
    };
    const double scale = std::max(or_zero(expected[i]).abs().max().item<double>(), 1e-6);
    EXPECT_LT((or_zero(gradients[i]) - or_zero(expected[i])).abs().max().item<double>() / scale, 1e-9) << name;
    if (expected[i].defined()) largest = std::max(largest, expected[i].abs().max().item<double>());
  }
  EXPECT_GT(largest, 1e-2);  // gradients that vanish would agree with anything
}

}  // namespace

void expect_exact_meta_gradient(const ModelOptions& options, const Learner::MakeNetwork& make_network) {
  const RandomModel example(options, at::kDouble, make_network);
  const auto& [learner, batch, tensors] = example;
  const auto losses = learner.losses(learner.batch_parameters(tensors), tensors, nullptr);
  Reference reference(learner, make_network);
  const auto expected = of_tasks(batch, [&](auto task) { return reference.loss(example.tensors, task); });
  EXPECT_LT((losses - expected).abs().max().item<double>() / expected.abs().max().item<double>(), 1e-11);
  expect_same_gradients(learner.parameters(), losses.sum(), expected.sum());
}

void expect_exact_change(const ModelOptions& options) {
  const RandomModel example(options);
  const auto& [learner, batch, tensors] = example;
  const auto weights = at::arange(1, batch.tasks + 1, at::kDouble);
  const auto parameters = learner.batch_parameters(tensors);
  const auto losses = learner.change_losses(parameters, tensors, weights, nullptr);
  EXPECT_TRUE(losses.equal(learner.losses(parameters, tensors, nullptr)));
  Reference reference(learner, make_network);
  const auto expected = of_tasks(batch, [&](auto task) { return reference.change_loss(example.tensors, task); });
  expect_same_gradients(learner.parameters(), losses.sum(), (weights * expected).sum());
}

}  // namespace warmstart
