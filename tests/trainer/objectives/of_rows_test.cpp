// The objectives whose costs are each row's own, against numbers that a few lines of Python give.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "trainer/objectives/objective.h"

namespace warmstart {
namespace {

struct ObjectiveExample {
  ObjectiveOptions options;
  std::vector<double> labels;  // of three rows
  double loss;                 // their mean
  std::vector<double> gradient, curvature, predicted;
  std::vector<double> outputs = {0.3, -1.2, 2.0};
  double pad_label = 9.0;
};

// from math import *
// x = [.3, -1.2, 2]; s = lambda x: 1 / (1 + exp(-x))
// squared: (x - y)**2 + 2 * sqrt((x - y)**2 + .01); gradient of the inner loss x - y
// huber: r = sqrt(1 + ((x - y) / 2)**2); 4 * (r - 1), (x - y) / r, 1 / r
// binary: -y * log(s(x)) - (1 - y) * log(1 - s(x)), s(x) - y, s(x) * (1 - s(x))
// poisson: exp(x) - y * x + (y * log(y) if y else 0) - y, exp(x) - y, exp(x)
std::vector<ObjectiveExample> examples() {
  return {
      {.options = {.kind = ObjectiveKind::kSquared, .absolute = 2.0},
       .labels = {1.5, -2.0, 0.5},
       .loss = 3.785809913697584,
       .gradient = {-1.2, 0.8, 1.5},
       .curvature = {1, 1, 1},
       .predicted = {0.3, -1.2, 2.0}},
      {.options = {.kind = ObjectiveKind::kHuber, .huber_width = 2.0},
       .labels = {1.5, -2.0, 7.5},
       .loss = 2.892531090767823,
       .gradient = {-1.0289915108550531, 0.7427813527082073, -1.879586846976874},
       .curvature = {0.8574929257125443, 0.9284766908852592, 0.3417430630867044},
       .predicted = {0.3, -1.2, 2.0}},
      {.options = {.kind = ObjectiveKind::kBinary},
       .labels = {1, 1, 0},
       .loss = 1.38152190761651,
       .gradient = {-0.42555748318834097, -0.7685247834990176, 0.8807970779778823},
       .curvature = {0.24445831169074586, 0.1778944406468057, 0.10499358540350662},
       .predicted = {0.574442516811659, 0.23147521650098238, 0.8807970779778823}},
      {.options = {.kind = ObjectiveKind::kPoisson},
       .labels = {0, 2, 5},
       .loss = 1.2911976805697492,
       .gradient = {1.3498588075760032, -1.6988057880877978, 2.3890560989306504},
       .curvature = {1.3498588075760032, 0.30119421191220214, 7.38905609893065},
       .predicted = {1.3498588075760032, 0.30119421191220214, 7.38905609893065}},
      // p = softmax of a row; -log(p[y]), p - (1 where the class is y), 1 / 2
      {.options = {.kind = ObjectiveKind::kClasses, .classes = 3},
       .labels = {0, 0, 1},
       .loss = 1.2485443037113262,
       .gradient = {-0.8506811378166088, 0.0333175416321614, 0.8173635961844473, -0.45345061273382037,
                    0.3314989604240915, 0.12195165230972885, 0.3198730563359197, -0.7105668896057353,
                    0.3906938332698157},
       .curvature = {0.5, 0.5, 0.5},
       .predicted = {2, 0, 2},
       .outputs = {0.3, -1.2, 2.0, 1.0, 0.5, -0.5, 0.2, 0.1, 0.4},
       .pad_label = 2.0},
  };
}

// The example's task with a fourth row that is padding, and one without rows.
struct PaddedExample {
  explicit PaddedExample(const ObjectiveExample& example) {
    auto of_padding = example.outputs;
    const auto width = static_cast<std::int64_t>(example.outputs.size() / 3);
    of_padding.resize(static_cast<std::size_t>(8 * width), 7.0);
    outputs = at::tensor(of_padding, at::kDouble).view({2, 4, width});
    auto labels = example.labels;
    labels.resize(8, example.pad_label);
    rows = {{},
            at::tensor(labels, at::kDouble).view({2, 4}),
            at::tensor({1, 1, 1, 0, 0, 0, 0, 0}, at::kDouble).view({2, 4})};
  }
  at::Tensor outputs;
  RowTensors rows;
};

void expect_rows(const at::Tensor& found, const std::vector<double>& expected, const char* what) {
  const auto of_rows = found[0].narrow(0, 0, 3);
  const auto wanted = at::tensor(expected, at::kDouble).view({3, -1}).expand_as(of_rows.reshape({3, -1}));
  EXPECT_LT((of_rows.reshape({3, -1}) - wanted).abs().max().item<double>(), 1e-12) << what << "\n" << found;
}

void expect_nothing_of_padding(const at::Tensor& found) {
  EXPECT_EQ(found[0][3].abs().max().item<double>(), 0.0) << found;
  EXPECT_EQ(found[1].abs().max().item<double>(), 0.0) << found;
}

TEST(ObjectivesOfRows, HaveTheCostsAndDerivativesOfTheirFormulas) {
  for (const auto& example : examples()) {
    SCOPED_TRACE(to_text(example.options.kind));
    const PaddedExample padded(example);
    const auto objective = make_objective(example.options);
    const auto losses = objective->losses(padded.outputs, padded.rows);
    EXPECT_NEAR(losses[0].item<double>(), example.loss, 1e-12);
    EXPECT_EQ(losses[1].item<double>(), 0.0);
    const auto gradient = objective->inner_gradient(padded.outputs, padded.rows);
    expect_rows(gradient, example.gradient, "gradient");
    expect_nothing_of_padding(gradient);
    const auto curvature = objective->inner_curvature(padded.outputs, padded.rows);
    expect_rows(curvature, example.curvature, "curvature");
    expect_nothing_of_padding(curvature);
    expect_rows(objective->predicted(padded.outputs), example.predicted, "predicted");
  }
}

TEST(ObjectivesOfRows, StartWhereTheMeanLabelIsPredicted) {
  const auto start = [](ObjectiveKind kind, double mean) { return make_objective({.kind = kind})->start(mean); };
  EXPECT_FALSE(start(ObjectiveKind::kSquared, 3.5));
  EXPECT_FALSE(start(ObjectiveKind::kHuber, 3.5));
  EXPECT_NEAR(*start(ObjectiveKind::kBinary, 0.2), std::log(0.2 / 0.8), 1e-12);
  EXPECT_NEAR(*start(ObjectiveKind::kPoisson, 3.5), std::log(3.5), 1e-12);
  EXPECT_EQ(start(ObjectiveKind::kClasses, 1.7), 0.0);
  for (const double mean : {0.0, 1.0}) EXPECT_TRUE(std::isfinite(*start(ObjectiveKind::kBinary, mean)));
  EXPECT_TRUE(std::isfinite(*start(ObjectiveKind::kPoisson, 0.0)));
}

// In float32, of outputs that no exponential could take.
TEST(ObjectivesOfRows, StayFiniteFarOff) {
  for (const auto& example : examples()) {
    PaddedExample padded(example);
    padded.outputs = (1e4 * padded.outputs).to(at::kFloat);
    padded.rows.label = padded.rows.label.to(at::kFloat);
    padded.rows.mask = padded.rows.mask.to(at::kFloat);
    const auto objective = make_objective(example.options);
    for (const auto& values :
         {objective->losses(padded.outputs, padded.rows), objective->inner_gradient(padded.outputs, padded.rows),
          objective->inner_curvature(padded.outputs, padded.rows), objective->predicted(padded.outputs)})
      EXPECT_TRUE(values.isfinite().all().item<bool>()) << to_text(example.options.kind) << "\n" << values;
    const auto curvature = objective->inner_curvature(padded.outputs, padded.rows)[0].narrow(0, 0, 3);
    EXPECT_GT(curvature.min().item<float>(), 0.0f) << to_text(example.options.kind);
  }
}

}  // namespace
}  // namespace warmstart
