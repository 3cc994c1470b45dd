// AdaptedLinear's passes, written by hand, against autograd through plain operators, in double precision.

#include "trainer/layers/adapted_linear.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/support/test_device.h"

namespace warmstart {
namespace {

constexpr std::int64_t kTasks = 3, kRows = 5, kIn = 4, kOut = 6;
constexpr double kSlope = 0.1;

at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble).to(test_device()).requires_grad_(); }

// The same layer by its formula, with weights of each task.
struct Reference {
  at::Tensor weight, bias;  // [T, out, in], [T, 1, out]
  at::Tensor start_weight = weight, start_bias = bias;
  at::Tensor before = {};  // the last pass's outputs before the activation

  at::Tensor forward(const at::Tensor& x, const at::Tensor& shared, const Activation& activation) {
    before = at::matmul(x, weight.transpose(1, 2)) + bias;
    if (shared.defined()) before = before + shared;
    auto out = activation.rectifies ? at::where(before > 0, before, kSlope * before) : before;
    return activation.mask.defined() ? out * activation.mask : out;
  }
  std::pair<at::Tensor, at::Tensor> backward(at::Tensor d, const Activation& activation) const {
    if (activation.mask.defined()) d = d * activation.mask;
    if (activation.rectifies) d = at::where(before > 0, d, kSlope * d);
    return {d, at::matmul(d, weight)};
  }
  void add(const at::Tensor& x, const at::Tensor& d, const at::Tensor& scale, const LayerRates& rates) {
    const auto step = scale * rates.step;
    auto gradient = at::matmul(d.transpose(1, 2), x), of_bias = d.sum(1, true);
    const auto factor = [](const at::Tensor& curvature) {
      return curvature[0] + at::eye(curvature.size(1), curvature.options());
    };
    if (rates.input.defined()) gradient = rates.output[0].unsqueeze(1) * gradient * rates.input;
    if (rates.output.defined()) of_bias = of_bias * rates.output;
    if (rates.input_curvature.defined()) {
      const auto of_outputs = factor(rates.output_curvature);
      gradient = at::matmul(at::matmul(of_outputs, gradient), factor(rates.input_curvature).t());
      of_bias = at::matmul(of_bias, of_outputs.t());
    }
    if (rates.weight.defined()) gradient = gradient * rates.weight;
    if (rates.bias.defined()) of_bias = of_bias * rates.bias;
    if (rates.pull.defined()) {
      gradient = gradient + rates.pull * (weight - start_weight);
      of_bias = of_bias + rates.pull * (bias - start_bias);
    }
    weight = weight - step * gradient;
    bias = bias - step * of_bias;
  }
};

// What is learned beside the rate of a step.
enum class Learned { kNothing, kRates, kCurvature, kEachWeight };

struct Case {
  Learned learned;
  bool rectifies, masked, shared;
  Form form;
};

LayerRates random_rates(Learned learned, const at::Tensor& step) {
  LayerRates rates = {.step = step, .input = {}, .bias = {}, .output = {}};
  if (learned == Learned::kRates)
    rates = {.step = step, .input = random({1, kIn}), .bias = random({1}), .output = random({1, kOut})};
  if (learned == Learned::kCurvature) {
    rates.input_curvature = random({1, kIn, kIn});
    rates.output_curvature = random({1, kOut, kOut});
  }
  if (learned == Learned::kEachWeight) {
    rates.weight = random({1, kOut, kIn});
    rates.bias = random({1, kOut});
  }
  if (learned == Learned::kCurvature || learned == Learned::kEachWeight) rates.pull = random({1});
  return rates;
}

class AdaptedLinearTest : public testing::TestWithParam<Case> {};

TEST_P(AdaptedLinearTest, EqualsAutogradThroughPlainOperators) {
  const auto& c = GetParam();
  at::manual_seed(5);
  const auto weight = random({kOut, kIn}), bias = random({kOut}), scale = random({kTasks, 1, 1}), step = random({1});
  const auto rates = random_rates(c.learned, step);
  const Activation activation = {
      .rectifies = c.rectifies,
      .slope = kSlope,
      .mask = c.masked ? random({kTasks, kRows, kOut}).detach().gt(0.0).to(at::kDouble) * 2.0 : at::Tensor()};
  std::vector<at::Tensor> leaves = {weight, bias, scale, step};
  const std::vector<at::Tensor> xs = {random({kTasks, kRows, kIn}), random({kTasks, kRows, kIn}),
                                      random({kTasks, kRows, kIn})};
  const std::vector<at::Tensor> ds = {random({kTasks, kRows, kOut}), random({kTasks, kRows, kOut}),
                                      random({kTasks, kRows, kOut})};
  const auto shared = c.shared ? random({kTasks, kRows, kOut}) : at::Tensor();
  for (const auto& list : {xs, ds, std::vector{rates.input, rates.bias, rates.output, shared},
                           std::vector{rates.input_curvature, rates.output_curvature, rates.weight, rates.pull}})
    for (const auto& leaf : list)
      if (leaf.defined()) leaves.push_back(leaf);

  AdaptedLinear layer(weight.unsqueeze(0), bias.unsqueeze(0), true, c.form);
  Reference reference{weight.unsqueeze(0).expand({kTasks, kOut, kIn}), bias.expand({kTasks, 1, kOut})};
  auto sum = at::zeros({}, weight.options().requires_grad(false)), expected_sum = sum;
  // Passes without, with one and with two remembered steps; every output counts, with other weights.
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const auto out = layer.forward(xs[i], shared, activation), expected = reference.forward(xs[i], shared, activation);
    const auto [at_outputs, at_inputs] = layer.backward(ds[i], out, activation);
    const auto [expected_outputs, expected_inputs] = reference.backward(ds[i], activation);
    EXPECT_TRUE(at::allclose(out, expected, 1e-12, 1e-12));
    EXPECT_TRUE(at::allclose(at_outputs, expected_outputs, 1e-12, 1e-12));
    EXPECT_TRUE(at::allclose(at_inputs, expected_inputs, 1e-12, 1e-12));
    layer.pull(scale, rates);
    layer.add(xs[i], at_outputs, scale, rates);
    reference.add(xs[i], expected_outputs, scale, rates);
    sum = sum + out.sin().sum() + at_inputs.cos().sum() + at_outputs.square().sum();
    expected_sum = expected_sum + expected.sin().sum() + expected_inputs.cos().sum() + expected_outputs.square().sum();
  }
  const auto gradients = torch::autograd::grad({sum}, leaves), expected = torch::autograd::grad({expected_sum}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const double largest = expected[i].abs().max().item<double>();
    EXPECT_GT(largest, 1e-3) << i;
    EXPECT_LT((gradients[i] - expected[i]).abs().max().item<double>() / largest, 1e-10) << "leaf " << i;
  }
}

std::vector<Case> cases() {
  std::vector<Case> cases;
  for (const auto form : {Form::kActivations, Form::kWeights})
    for (const auto learned : {Learned::kNothing, Learned::kRates, Learned::kCurvature, Learned::kEachWeight})
      for (int bits = 0; bits < 8; ++bits)
        if (learned != Learned::kEachWeight || form == Form::kWeights)
          cases.push_back({learned, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, form});
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const auto& c = info.param;
  constexpr const char* kLearned[] = {"", "_learned", "_curved", "_each_weight"};
  return std::string(c.form == Form::kWeights ? "weights" : "activations") + kLearned[static_cast<int>(c.learned)] +
         (c.rectifies ? "_rectified" : "") + (c.masked ? "_masked" : "") + (c.shared ? "_shared" : "");
}

INSTANTIATE_TEST_SUITE_P(All, AdaptedLinearTest, testing::ValuesIn(cases()), name_of_case);

TEST(AdaptedLinear, AGradientOfItsGradientIsRefused) {
  const auto weight = random({kOut, kIn}).detach().to(at::kFloat).requires_grad_(), x = at::randn({kTasks, kRows, kIn});
  const auto out = AdaptedLinear(weight.unsqueeze(0), {}, false, Form::kActivations).forward(x);
  EXPECT_THROW(torch::autograd::grad({out.square().sum()}, {weight}, {}, true, /*create_graph=*/true), c10::Error);
}

// Two passes around one inner step, and the gradients of all that is given.
std::vector<at::Tensor> passes(const std::vector<at::Tensor>& leaves, Form form, Precision precision) {
  AdaptedLinear layer(leaves[0].unsqueeze(0), leaves[1].unsqueeze(0), true, form, precision);
  const auto out = layer.forward(leaves[2]);
  const auto [at_outputs, at_inputs] = layer.backward(out.sin(), out);
  layer.add(leaves[2], at_outputs, at::ones({1}, leaves[0].options().requires_grad(false)),
            {.step = leaves[3], .input = {}, .bias = {}, .output = {}});
  const auto sum = layer.forward(leaves[2]).sin().sum() + at_inputs.cos().sum();
  auto results = torch::autograd::grad({sum}, leaves);
  results.push_back(out.detach());
  return results;
}

std::vector<at::Tensor> float_leaves() {
  std::vector<at::Tensor> leaves = {at::randn({kOut, kIn}), at::randn({kOut}), at::randn({kTasks, kRows, kIn}),
                                    at::full({1}, 0.1)};
  for (auto& leaf : leaves) leaf = leaf.to(test_device()).requires_grad_();
  return leaves;
}

TEST(AdaptedLinear, InFloat32IsNearDouble) {
  at::manual_seed(5);
  const auto leaves = float_leaves();
  std::vector<at::Tensor> wide;
  for (const auto& leaf : leaves) wide.push_back(leaf.detach().to(at::kDouble).requires_grad_());
  for (const auto form : {Form::kActivations, Form::kWeights}) {
    const auto expected = passes(wide, form, Precision::kFloat32), found = passes(leaves, form, Precision::kFloat32);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_TRUE(at::allclose(found[i].to(at::kDouble), expected[i], 1e-4, 1e-5)) << i;
  }
}

TEST(AdaptedLinear, InBfloat16IsNearFloat32AndNotEqual) {
  at::manual_seed(5);
  const auto leaves = float_leaves();
  for (const auto form : {Form::kActivations, Form::kWeights}) {
    const auto expected = passes(leaves, form, Precision::kFloat32),
               rounded = passes(leaves, form, Precision::kBfloat16);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double difference = (rounded[i] - expected[i]).norm().item<double>() / expected[i].norm().item<double>();
      EXPECT_LT(difference, 0.05) << i;
      EXPECT_GT(difference, 1e-5) << i;
      EXPECT_EQ(rounded[i].scalar_type(), at::kFloat);
    }
  }
}

TEST(Planner, ChoosesActivationsForFewRowsAndWeightsForManySteps) {
  EXPECT_EQ(cheaper_form({64, 64, 20, 10, 1}), Form::kActivations);
  EXPECT_EQ(cheaper_form({1024, 1024, 100, 10, 1}), Form::kActivations);
  EXPECT_EQ(cheaper_form({64, 1, 20, 10, 1}), Form::kActivations);
  EXPECT_EQ(cheaper_form({64, 64, 100, 10, 3}), Form::kWeights);
  EXPECT_EQ(cheaper_form({1, 16, 100, 10, 3}), Form::kWeights);
}

TEST(Planner, TalliesWhatWasChosen) {
  PlanTally tally;
  tally.add({{"tower.0", Form::kActivations, {64, 64, 20, 10, 1}}}, 1);
  tally.add({{"tower.0", Form::kWeights, {64, 64, 300, 10, 3}}}, 2);
  tally.add({{"tower.0", Form::kWeights, {64, 64, 200, 10, 3}}}, 1);
  const auto& layer = tally.state().at("tower.0");
  EXPECT_EQ(layer.at("activations"), 1);
  EXPECT_EQ(layer.at("weights"), 3);
  EXPECT_EQ(layer.at("last").at("support"), 200);
  EXPECT_GT(layer.at("last").at("activations_cost"), layer.at("last").at("weights_cost"));
}

}  // namespace
}  // namespace warmstart
