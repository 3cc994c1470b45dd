// The meta-gradient of adaptation in activation space against autograd through explicit
// per-task weights, in double precision.  The reference shares no code with the model: it
// forms each task's parameters, takes the inner gradients by autograd and steps.

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/test_device.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

// Dense [N, ids] of a batch's features.
at::Tensor incidence(const Features& features, std::int64_t ids) {
  auto matrix = at::zeros({features.count, ids}, at::kDouble);
  for (std::int64_t row = 0; row < features.count; ++row) {
    const auto end = row + 1 < features.count ? features.offsets[static_cast<std::size_t>(row) + 1]
                                              : static_cast<std::int64_t>(features.ids.size());
    for (auto at = features.offsets[static_cast<std::size_t>(row)]; at < end; ++at) {
      matrix[row][features.ids[static_cast<std::size_t>(at)]] += features.weights[static_cast<std::size_t>(at)];
    }
  }
  return matrix;
}

using Weights = std::map<std::string, at::Tensor>;

class Reference {
 public:
  Reference(const Learner& model, const EpisodeBatch& batch) : options_(model.options()), batch_(batch) {
    for (const auto& parameter : model.parameters().list()) shared_[parameter.name] = parameter.value;
    rows_ = incidence(batch.rows, kRowIds);
    descriptions_ = incidence(batch.descriptions, kTaskIds);
    dense_ = at::from_blob(const_cast<float*>(batch.rows.dense.data()), {kRows, kDense}, at::kFloat).to(at::kDouble);
  }

  at::Tensor losses() {
    std::vector<at::Tensor> losses;
    for (std::int64_t task = 0; task < kTasks; ++task) losses.push_back(loss_of(task));
    return at::stack(losses);
  }

 private:
  struct Part {
    at::Tensor place, label;
  };
  Part part(const PaddedRows& rows, std::int64_t task) const {
    std::vector<std::int64_t> place;
    std::vector<double> label;
    for (auto i = static_cast<std::size_t>(task * rows.width); i < static_cast<std::size_t>((task + 1) * rows.width);
         ++i) {
      if (rows.mask[i] == 0.0f) continue;
      place.push_back(rows.place[i]);
      label.push_back(rows.label[i]);
    }
    return {at::tensor(place, at::kLong), at::tensor(label, at::kDouble)};
  }

  at::Tensor scores(const Weights& p, const at::Tensor& place) const {
    auto x = at::mm(rows_.index_select(0, place), p.at("embedding")) +
             at::mm(dense_.index_select(0, place), p.at("input.weight").t()) + p.at("input.bias");
    auto a = x;
    for (std::size_t layer = 0; layer < options_.network.tower.size(); ++layer) {
      const auto name = "tower." + std::to_string(layer);
      const auto z = at::mm(a, p.at(name + ".weight").t()) + p.at(name + ".bias");
      a = at::maximum(z, 0.1 * z);
    }
    const auto out = at::mm(a, p.at("output.weight").t()) + p.at("output.bias") + at::mm(x, p.at("skip.weight").t());
    const auto key = at::tensor(batch_.key, at::kLong).index_select(0, place);
    return (out.narrow(1, 0, options_.network.features) * p.at("w")).sum(1) + out.select(1, options_.network.features) +
           p.at("key_bias").squeeze(1).index_select(0, key) * key.ne(0).to(at::kDouble) + p.at("b");
  }

  at::Tensor inner_loss(const at::Tensor& scores, const at::Tensor& label) const {
    if (options_.objective.kind == ObjectiveKind::kBinary)
      return at::binary_cross_entropy_with_logits(scores, label, {}, {}, at::Reduction::Sum);
    return 0.5 * (scores - label).square().sum();
  }

  Weights start(std::int64_t task) const {
    Weights p = shared_;
    auto u = at::mm(descriptions_.narrow(0, task, 1), shared_.at("prior.embedding")) + shared_.at("prior.input.bias");
    u = at::maximum(u, 0.1 * u);
    const auto head = at::mm(u, shared_.at("prior.output.weight").t()) + shared_.at("prior.output.bias");
    p["w"] = head[0].narrow(0, 0, options_.network.features);
    p["b"] = head[0].narrow(0, options_.network.features, 1);
    return p;
  }

  // How a parameter's gradient is scaled, shaped like it.
  at::Tensor rate(const std::string& name, int step) const {
    const auto& inner = options_.adapt.inner;
    const auto constant = [](double value) { return at::full({}, value, at::kDouble); };
    const auto raw = [&](const std::string& key) { return at::softplus(shared_.at(key)); };
    const bool learned = inner.rates != InnerRates::kFixed, by_parameter = inner.rates == InnerRates::kPerParameter;
    if (name == "w" || name == "b") {
      if (!learned) return constant(inner.rate);
      const auto rates = raw("inner.head.rate")[step];
      if (!by_parameter) return rates[0];
      return name == "w" ? rates.narrow(0, 0, options_.network.features)
                         : rates.narrow(0, options_.network.features, 1);
    }
    const bool is_weight = name.ends_with(".weight"), is_bias = name.ends_with(".bias");
    const auto layer = is_weight ? name.substr(0, name.size() - 7) : is_bias ? name.substr(0, name.size() - 5) : name;
    auto result = learned ? raw("inner." + layer + ".rate")[step] : constant(inner.tower_rate);
    if (!by_parameter) return result;
    const auto output = raw("inner." + layer + ".output");
    if (is_weight) return result * output.unsqueeze(1) * raw("inner." + layer + ".input").unsqueeze(0);
    if (is_bias) return result * output * raw("inner." + layer + ".bias");
    return result * output;
  }

  std::vector<std::string> adapted() const {
    std::vector<std::string> names = {"w", "b"};
    if (options_.adapt.inner.scope == Scope::kHead) return names;
    for (const auto* name : {"input.weight", "input.bias", "output.weight", "output.bias", "skip.weight"})
      names.emplace_back(name);
    for (std::size_t layer = 0; layer < options_.network.tower.size(); ++layer) {
      names.push_back("tower." + std::to_string(layer) + ".weight");
      names.push_back("tower." + std::to_string(layer) + ".bias");
    }
    if (options_.adapt.inner.scope == Scope::kAll) names.insert(names.end(), {"embedding", "key_bias"});
    return names;
  }

  at::Tensor loss_of(std::int64_t task) const {
    const auto& inner = options_.adapt.inner;
    const bool learned = inner.rates != InnerRates::kFixed;
    const auto support = part(batch_.support, task), query = part(batch_.query, task);
    auto p = start(task);
    const Weights prior = {{"w", p["w"]}, {"b", p["b"]}};
    for (int step = 0; step < inner.steps && support.label.numel() > 0; ++step) {
      std::vector<at::Tensor> values;
      for (const auto& name : adapted()) values.push_back(p[name]);
      const auto loss = inner_loss(scores(p, support.place), support.label);
      const auto gradients = torch::autograd::grad({loss}, values, {}, true, inner.second_order, true);
      const auto kappa =
          learned ? at::softplus(shared_.at("inner.kappa")[step]) : at::full({}, inner.kappa, at::kDouble);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto name = adapted()[i];
        auto gradient = gradients[i].defined() ? gradients[i] : at::zeros_like(values[i]);
        if (!inner.second_order) gradient = gradient.detach();
        if (name == "w" || name == "b") {
          const auto pull = learned ? at::softplus(shared_.at("inner.pull")[name == "w" ? 0 : 1])
                                    : at::full({}, inner.pull, at::kDouble);
          const auto distance = values[i] - prior.at(name);
          gradient = gradient + pull * (inner.second_order ? distance : distance.detach());
        }
        p[name] = values[i] - rate(name, step) * gradient / (static_cast<double>(support.label.numel()) + kappa);
      }
    }
    const auto predicted = scores(p, query.place);
    if (options_.objective.kind == ObjectiveKind::kBinary)
      return at::binary_cross_entropy_with_logits(predicted, query.label);
    const auto squared = (predicted - query.label).square();
    return (squared + options_.objective.absolute * at::sqrt(squared + 0.01)).mean();
  }

  ModelOptions options_;
  const EpisodeBatch& batch_;
  Weights shared_;
  at::Tensor rows_, descriptions_, dense_;
};

struct Case {
  Scope scope;
  int steps;
  bool second_order;
  InnerRates rates;
  ObjectiveKind objective;
  Form form = Form::kActivations;
};

class TwoTowerGradient : public testing::TestWithParam<Case> {};

TEST_P(TwoTowerGradient, EqualsAutogradThroughExplicitWeights) {
  const auto& c = GetParam();
  ModelOptions options;
  options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  options.network.embedding = 5;
  options.network.tower = {6, 4};
  options.network.features = 3;
  options.adapt.prior = 4;
  options.objective.kind = c.objective;
  options.adapt.inner = {
      .steps = c.steps, .scope = c.scope, .second_order = c.second_order, .rates = c.rates, .form = c.form};
  const auto [model, batch, on_host] = RandomModel(options);
  Learner on_device(random_batch_schema(), options, 1);
  on_device.parameters().flatten(at::TensorOptions(test_device()).dtype(at::kDouble));
  on_device.parameters().flat().copy_(model.parameters().flat());
  const TensorBatch tensors(batch, on_device.parameters().flat().options());
  const auto losses = on_device.losses(on_device.batch_parameters(tensors), tensors, nullptr);
  const auto expected_losses = Reference(model, batch).losses();
  EXPECT_LT((losses.cpu() - expected_losses).abs().max().item<double>(), 1e-12);

  const auto values = model.parameters().values();
  const auto gradients =
      torch::autograd::grad({losses.sum()}, on_device.parameters().values(), {}, std::nullopt, false, true);
  const auto expected = torch::autograd::grad({expected_losses.sum()}, values, {}, std::nullopt, false, true);
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto name = model.parameters().list()[i].name;
    if (values[i].numel() == 0) continue;
    ASSERT_EQ(gradients[i].defined(), expected[i].defined()) << name;
    if (!expected[i].defined()) continue;
    const double scale = std::max(expected[i].abs().max().item<double>(), 1e-6);
    EXPECT_LT((gradients[i].cpu() - expected[i]).abs().max().item<double>() / scale, 1e-9) << name;
    largest = std::max(largest, expected[i].abs().max().item<double>());
  }
  EXPECT_GT(largest, 1e-2);  // gradients that vanish would agree with anything
}

std::vector<Case> cases() {
  std::vector<Case> cases;
  for (const auto scope : {Scope::kHead, Scope::kDense, Scope::kAll}) {
    for (const int steps : {1, 2, 3}) {
      for (const bool second_order : {true, false}) {
        for (const auto rates : {InnerRates::kFixed, InnerRates::kPerLayer, InnerRates::kPerParameter}) {
          cases.push_back({scope, steps, second_order, rates, ObjectiveKind::kSquared});
        }
      }
    }
    cases.push_back({scope, 2, true, InnerRates::kPerParameter, ObjectiveKind::kBinary});
    if (scope == Scope::kHead) continue;
    for (const auto rates : {InnerRates::kFixed, InnerRates::kPerParameter}) {
      for (const bool second_order : {true, false})
        cases.push_back({scope, 3, second_order, rates, ObjectiveKind::kSquared, Form::kWeights});
    }
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const auto& c = info.param;
  auto name = nlohmann::json(c.scope).get<std::string>() + "_K" + std::to_string(c.steps) +
              (c.second_order ? "_second_" : "_first_") + nlohmann::json(c.rates).get<std::string>() +
              (c.objective == ObjectiveKind::kBinary ? "_binary" : "") + (c.form == Form::kWeights ? "_weights" : "");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, TwoTowerGradient, testing::ValuesIn(cases()), name_of_case);

}  // namespace
}  // namespace warmstart
