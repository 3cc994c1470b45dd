// Stages and readouts of several classes: against numbers from PyTorch, and what must not depend on the classes'
// numbers.

#include "trainer/objectives/classes.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "trainer/adaptation/gru.h"
#include "trainer/adaptation/kernel.h"
#include "trainer/adaptation/lstm.h"
#include "trainer/adaptation/prototypes.h"
#include "trainer/adaptation/recurrent.h"
#include "trainer/adaptation/ridge.h"
#include "trainer/adaptation/support_encoder.h"
#include "trainer/adaptation/support_readout.h"
#include "trainer/adaptation/task_memory.h"
#include "trainer/learner/methods.h"

namespace warmstart {
namespace {

constexpr std::int64_t kClassCount = 3;

at::Tensor in_doubles(at::ArrayRef<double> values, at::IntArrayRef sizes) {
  return at::tensor(values, at::kDouble).view(sizes);
}

at::Tensor sines(double phase, at::IntArrayRef sizes) {
  return at::sin(phase + at::arange(c10::multiply_integers(sizes), at::kDouble)).view(sizes);
}

double before_softplus(double value) { return std::log(std::expm1(value)); }

double greatest(const at::Tensor& values) { return values.abs().max().item<double>(); }

// Three rows of one task with two features, and a fourth that is padding; three query rows.
//
// import torch
// from torch.nn.functional import one_hot, softmax, softplus
// torch.set_default_dtype(torch.float64)
// sines = lambda phase, *sizes: torch.sin(phase + torch.arange(torch.Size(sizes).numel()).double()).view(sizes)
// h, q = torch.tensor([[1, 2], [-1, .5], [.3, .1]]), torch.tensor([[.5, 1], [.3, .1], [-2, 1]])
// labels = one_hot(torch.tensor([2, 0, 2]), 3).double()
class StagesOfClasses : public testing::Test {
 protected:
  StagesOfClasses() {
    labels = {{}, in_doubles({2, 0, 2, 1}, {1, 4}), in_doubles({1, 1, 1, 0}, {1, 4})};
    start = {sines(1, {1, kClassCount, 2}), sines(2, {1, 1, kClassCount})};
  }

  void set(const std::string& name, double phase) {
    const auto& value = parameters[name];
    value.detach().copy_(sines(phase, value.sizes()));
  }

  // The task's state by `stages` in turn, to which the rows say `parts`.
  TaskState adapted(const std::vector<const Stage*>& stages, const Objective& objective, Wanted wanted = {}) {
    const RowEncoder rows(Encoding(h, base, parts));
    const auto counts = labels.mask.sum(1, true);
    of_batch.emplace(parameters, tables, Microbatches(), Leaves::kParameters);
    TaskState state = {.head = start, .layers = {layers, *of_batch, 0, 0, Precision::kFloat32}, .readout = readout};
    state.unadapted_head = start;
    for (const auto* stage : stages)
      stage->apply(state, {rows, labels, counts, description, nullptr, objective, wanted});
    return state;
  }
  at::Tensor added_by(const Stage& stage) { return adapted({&stage}, Classes(kClassCount)).head.rows() - start.rows(); }

  const c10::NoGradGuard no_grad;
  Parameters parameters;
  ReplicatedTables tables{parameters};
  InnerRule rule{InnerOptions{}};
  Layers layers{parameters, tables, rule};
  Initialiser draw{1};
  std::optional<BatchParameters> of_batch;
  at::Tensor h = in_doubles({1, 2, -1, .5, .3, .1, 7, -7}, {1, 4, 2}), base = in_doubles({.4, -.2, .1, 9}, {1, 4, 1}),
             q = in_doubles({.5, 1, .3, .1, -2, 1}, {1, 3, 2});
  std::map<std::string, at::Tensor> parts;
  FeatureTensors description;
  RowTensors labels;
  Head start;
  ReadoutKind readout = ReadoutKind::kLinear;
};

// w, b, s, kappa, factor = sines(1, 3, 2), sines(2, 3), 3.0, 0.7 + 0.001, 2.5
// v = labels - softmax(h @ w.T + b, 1)
// unit = lambda x: x / (x.square().sum(1, True) + 1e-6).sqrt()
// distance = (torch.cdist(q, h).square() + 0.01).sqrt() - 0.1
// for e in torch.exp(s * (unit(q) @ unit(h).T - 1)), torch.exp(-s * distance):
//   print(q @ w.T + b + factor * (e @ v) / (kappa + e.sum(1, True)))
class ReadoutsOfClasses : public StagesOfClasses {
 protected:
  at::Tensor outputs(ReadoutKind kind) {
    readout = kind;
    const SupportReadout stage(kind, parameters);
    parameters.flatten(at::kDouble);
    parameters["readout.sharpness"].detach().fill_(before_softplus(3.0));
    parameters["readout.kappa"].detach().fill_(before_softplus(0.7));
    parameters["readout.factor"].detach().fill_(before_softplus(2.5));
    const auto state = adapted({&stage}, Classes(kClassCount));
    return state.outputs(RowEncoder(Encoding(q, at::zeros_like(q.narrow(2, 0, 1)), {})));
  }
};

TEST_F(ReadoutsOfClasses, MatchingAddsWhatTheHeadLeavesOfEachClass) {
  EXPECT_LT(greatest(outputs(ReadoutKind::kMatching) -
                     in_doubles({0.788630616602, -0.673700117193, 0.063597232589, -0.059487071522, -0.162353669330,
                                 0.509863639223, 0.784203515034, -1.184130300017, 0.519287721470},
                                {1, 3, 3})),
            1e-9);
}

TEST_F(ReadoutsOfClasses, SiameseAddsItByDistances) {
  EXPECT_LT(greatest(outputs(ReadoutKind::kSiamese) -
                     in_doubles({1.945315549088, -0.608849823669, -1.157937993419, 0.242388119020, -0.224192782104,
                                 0.269827561454, 0.212552208827, -0.929526965957, 0.836335693617},
                                {1, 3, 3})),
            1e-9);
}

// r = labels - 1 / 3
// parts = sines(3, 3, 4, 2)
// given = torch.cat([parts[:, 0], (r[:, :, None] * parts[:, 1:]).sum(1)], 1)
// for kind in torch.nn.GRU, torch.nn.LSTM:
//   cell = kind(4, 2, batch_first=True)
//   for phase, weight in enumerate(cell.parameters(), 4): weight.data = sines(phase, *weight.shape)
//   print((sines(8, 9, 2) @ cell(given[None])[0][0, -1]).view(3, 3))
class CellsOfClasses : public StagesOfClasses {
 protected:
  at::Tensor added(const std::string& kind, Recurrent::MakeCell make_cell) {
    const Recurrent stage(kind, make_cell, kClassCount, 2, 5, 2, draw, parameters);
    parameters.flatten(at::kDouble);
    parts[kind + ".rows"] = sines(3, {1, 4, (1 + kClassCount) * 2});
    double phase = 4;
    for (const auto* name : {"input.weight", "state.weight", "input.bias", "state.bias", "head.weight"})
      set(kind + "." + name, phase++);
    return added_by(stage);
  }
};

TEST_F(CellsOfClasses, GruWritesAHeadOfEachClass) {
  EXPECT_LT(greatest(added("gru", make_cell<Gru>) -
                     in_doubles({-0.534875458226, 0.706222597166, -0.052909141192, -0.662186653703, 0.604042903477,
                                 0.159445566862, -0.736748439979, 0.453745498395, 0.359098932470},
                                {1, 3, 3})),
            1e-9);
}

TEST_F(CellsOfClasses, LstmWritesAHeadOfEachClass) {
  EXPECT_LT(greatest(added("lstm", make_cell<Lstm>) -
                     in_doubles({-0.622535857903, 0.793552691862, -0.037933026801, -0.761981273654, 0.672125219880,
                                 0.202575705621, -0.840727697991, 0.497156638212, 0.426947373470},
                                {1, 3, 3})),
            1e-9);
}

// a, r0, c = sines(3, 3, 3, 2).unbind(1)
// said = torch.cat([a[:, None].expand(3, 3, 2), torch.tanh(r0[:, None] + r[:, :, None] * c[:, None])], 2).sum(0)
// print(said / (3 + softplus(torch.tensor(2.0))).sqrt() @ sines(4, 3, 4).T + sines(5, 3))
TEST_F(StagesOfClasses, TheEncoderReadsRowsAsEachClassSeesThem) {
  const SupportEncoder encoder(2, 5, 2, draw, parameters);
  parameters.flatten(at::kDouble);
  parts["encoder.rows"] = sines(3, {1, 4, 6});
  set("encoder.head.weight", 4);
  set("encoder.head.bias", 5);
  EXPECT_LT(greatest(added_by(encoder) -
                     in_doubles({-0.765054226635, 1.020094659202, -1.235716498574, -0.979448095607, 1.431009458751,
                                 -1.558506304490, -0.581581834098, 0.646618323200, -0.930948041968},
                                {1, 3, 3})),
            1e-9);
}

// kappa, factor, start = 0.7, 2.5, sines(6, 1, 2)
// centres = (labels.T @ h + kappa * start) / (labels.sum(0)[:, None] + kappa)
// print(torch.cat([2 * factor * centres, -factor * centres.square().sum(1, True)], 1))
TEST_F(StagesOfClasses, PrototypesScoreByDistancesToEachClassesMean) {
  const Prototypes prototypes(2, kClassCount, draw, parameters);
  parameters.flatten(at::kDouble);
  set("prototypes.start", 6);
  parameters["prototypes.kappa"].detach().fill_(before_softplus(0.7));
  parameters["prototypes.factor"].detach().fill_(before_softplus(2.5));
  EXPECT_LT(greatest(added_by(prototypes) -
                     in_doubles({-3.516443672762, 2.823207703245, -2.033587783937, -1.397077490995, 3.284932993594,
                                 -1.274261028825, 2.045202131964, 4.740538183524, -2.665555403004},
                                {1, 3, 3})),
            1e-9);
}

// Least squares on an output for each class, which one of Newton's steps solves.
class SquaresOfClasses : public Objective {
 public:
  std::int64_t outputs() const override { return kClassCount; }
  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override {
    const auto classes = at::arange(kClassCount, at::kDouble);
    return (outputs - labels.label.unsqueeze(2).eq(classes).to(at::kDouble)) * labels.mask.unsqueeze(2);
  }
  at::Tensor inner_curvature(const at::Tensor&, const RowTensors& labels) const override {
    return labels.mask.unsqueeze(2);
  }
  at::Tensor losses(const at::Tensor&, const RowTensors&) const override { return {}; }
  at::Tensor predicted(const at::Tensor&) const override { return {}; }
};

// Its stages before the one that solves say what they would without each row, too.
class SolversOfClasses : public StagesOfClasses {
 protected:
  SolversOfClasses() {
    description.dense = sines(4, {1, 2});
    parts = {{"encoder.rows", sines(3, {1, 4, 6})},
             {"task-memory.rows", sines(5, {1, 4, 6})},
             {"kernel.points", sines(6, {1, 4, 2})}};
  }

  void leave_out(std::int64_t row) {
    std::vector<std::int64_t> places = {0, 1, 2, 3};
    std::rotate(places.begin() + row, places.begin() + row + 1, places.begin() + 3);
    const auto moved = [&](const at::Tensor& rows) { return rows.index_select(1, at::tensor(places)); };
    for (auto& [name, part] : parts) part = moved(part);
    h = moved(h);
    base = moved(base);
    labels.label = moved(labels.label);
    labels.mask = in_doubles({1, 1, 0, 0}, {1, 4});
  }

  // A row's outputs without it are those of a task that never had it.
  void expect_left_out_as_by_refits(const Stage& solver) {
    parameters.flatten(at::kDouble);
    const SquaresOfClasses objective;
    const std::vector<const Stage*> stages = {&encoder, &memory, &solver};
    const auto found = adapted(stages, objective, {.left_out = true}).left_out_outputs;
    const auto all = std::tuple(h, base, parts, labels);
    for (std::int64_t row = 0; row < 3; ++row) {
      const Encoding whole(h, base, parts);
      leave_out(row);
      const auto expected = adapted(stages, objective).outputs(RowEncoder(whole))[0][row];
      EXPECT_LT(greatest(found[0][row] - expected), 1e-10) << row;
      std::tie(h, base, parts, labels) = all;
    }
  }

  const FeatureLayout layout = {.task_ids = 1, .task_dense = 2};
  const SupportEncoder encoder{2, 5, 2, draw, parameters};
  const TaskMemory memory{layout, 4, 2, 2, 5, draw, parameters, tables};
};

TEST_F(SolversOfClasses, RidgeLeavesOutARowAsARefitWithoutItDoes) {
  expect_left_out_as_by_refits(Ridge(2, false, parameters));
}

TEST_F(SolversOfClasses, KernelLeavesOutARowAsARefitWithoutItDoes) {
  expect_left_out_as_by_refits(Kernel(2, 5, 2, false, draw, parameters));
}

// The kernel's steps written out over the three rows that are no padding, each class a column; the curvature of the
// softmax is bounded by 1/2.
TEST_F(StagesOfClasses, KernelPredictsEachClassAsADirectSolveOverAllPairsOfRows) {
  const Kernel stage(2, 5, 2, false, draw, parameters);
  parameters.flatten(at::kDouble);
  parts["kernel.points"] = sines(6, {1, 4, 2});
  set("kernel.precision", 3);
  parameters["kernel.scale"].detach().fill_(before_softplus(0.8));
  parameters["kernel.factor"].detach().fill_(before_softplus(1.7));
  const auto state = adapted({&stage}, Classes(kClassCount));

  const auto of_query = sines(7, {1, 3, 2}), ones = at::ones({3, 1}, at::kDouble);
  const auto support = at::cat({h[0].narrow(0, 0, 3), ones}, 1), query = at::cat({q[0], ones}, 1);
  const auto variance = at::diag(at::reciprocal(at::softplus(parameters["kernel.precision"]) + 0.001));
  const auto kernel = [&](const at::Tensor& rows, const at::Tensor& points) {
    const auto own = 1.7 * parts["kernel.points"][0].narrow(0, 0, 3);
    return rows.mm(variance).mm(support.t()) + 0.8 * at::exp(-0.5 * at::cdist(1.7 * points, own).square());
  };
  const auto m = start.rows()[0].t(), of_pairs = kernel(support, parts["kernel.points"][0].narrow(0, 0, 3));
  const auto of_start = support.mm(m) + base[0].narrow(0, 0, 3);
  const auto of_labels = at::one_hot(labels.label[0].narrow(0, 0, 3).to(at::kLong), kClassCount).to(at::kDouble);
  auto weights = at::zeros({3, kClassCount}, at::kDouble);
  for (int step = 0; step < Classes(kClassCount).newton_steps(); ++step) {
    const auto outputs = of_start + of_pairs.mm(weights);
    const auto responses = outputs + 2.0 * (of_labels - at::softmax(outputs, 1));
    weights = at::linalg_solve(of_pairs + 2.0 * at::eye(3, at::kDouble), responses - of_start);
  }
  const auto expected = query.mm(m) + kernel(query, of_query[0]).mm(weights);
  const auto found =
      state.outputs(RowEncoder(Encoding(q, at::zeros_like(q.narrow(2, 0, 1)), {{"kernel.points", of_query}})));
  EXPECT_LT(greatest(found[0] - expected), 1e-10);
  // The steps come near where what each row pulls by and the kernel's pull to the start balance, which they were up to
  // 1 away from.
  EXPECT_LT(greatest(weights - (of_labels - at::softmax(of_start + of_pairs.mm(weights), 1))), 0.05);
}

using enum StageKind;

struct ClassChain {
  std::vector<StageKind> stages;
  ReadoutKind readout = ReadoutKind::kLinear;
  int full_context = 0;
};

struct RandomClasses : RandomModel {
  explicit RandomClasses(const ClassChain& chain, at::ScalarType type = at::kDouble)
      : RandomModel(options(chain), type) {}
  static ModelOptions options(const ClassChain& chain) {
    ModelOptions options;
    options.network = {.embedding = 5, .tower = {6}, .features = 3};
    options.objective = {.kind = ObjectiveKind::kClasses, .classes = kClassCount};
    options.adapt = {.stages = chain.stages,
                     .readout = chain.readout,
                     .full_context = chain.full_context,
                     .prior = 4,
                     .encoder = 4,
                     .recurrent = 4,
                     .task_memory = 3};
    return options;
  }
  at::Tensor joint_losses() const { return learner.joint_losses(learner.batch_parameters(tensors), tensors, nullptr); }
  std::string name() const { return name_of(learner.options()); }
};

const std::vector<ClassChain>& chains_without_numbers() {
  static const std::vector<ClassChain> chains = {{{kPrototypes}},
                                                 {{kPrototypes, kSteps}},
                                                 {{kRidge}},
                                                 {{kSupportEncoder}},
                                                 {{kSupportEncoder, kSteps}},
                                                 {{kSupportEncoder, kRidge}},
                                                 {{kKernel}},
                                                 {{kSupportEncoder, kKernel}},
                                                 {{kTaskMemory, kRidge}},
                                                 {{kTaskMemory, kSteps}},
                                                 {{}, ReadoutKind::kMatching},
                                                 {{}, ReadoutKind::kMatching, 2},
                                                 {{}, ReadoutKind::kSiamese},
                                                 {{kSupportEncoder}, ReadoutKind::kMatching}};
  return chains;
}

// Episodes number their classes anew, so a stage that has nothing of a class's own may as well have had other numbers.
TEST(ClassesOfEpisodes, MayHaveOtherNumbers) {
  const c10::NoGradGuard no_grad;
  const auto numbers = at::tensor({2, 0, 1});
  for (const auto& chain : chains_without_numbers()) {
    RandomClasses model(chain);
    auto renumbered = model.tensors;
    const auto labels = renumbered.support.label.to(at::kLong);
    renumbered.support.label = numbers.index({labels}).to(at::kDouble);
    const auto found = model.outputs(renumbered).index_select(2, numbers), expected = model.outputs(model.tensors);
    EXPECT_LT(greatest(found - expected), 1e-11) << model.name();
    // Of a task with support rows they are not all alike.
    EXPECT_GT(greatest(expected[0][0] - expected[0][0][0]), 1e-3) << model.name();
  }
}

std::vector<ClassChain> all_class_chains() {
  auto chains = chains_without_numbers();
  for (const auto& more : std::vector<ClassChain>{{{kPrior, kSupportEncoder, kRidge}},
                                                  {{kPrior, kSupportEncoder, kKernel}},
                                                  {{kGru}},
                                                  {{kPrior, kGru}},
                                                  {{kPrior, kLstm}},
                                                  {{kPrior, kLstm, kSteps}},
                                                  {{kPrior}, ReadoutKind::kMatching},
                                                  {{kPrior, kSteps}, ReadoutKind::kMatching},
                                                  {{kPrior}, ReadoutKind::kMatching, 2},
                                                  {{kPrior}, ReadoutKind::kSiamese}})
    chains.push_back(more);
  return chains;
}

TEST(ClassesOfTasks, WithoutSupportRowsScoreWhatTheyDoInATaskThatHasNone) {
  for (const auto& chain : all_class_chains()) {
    const RandomClasses model(chain);
    const auto outputs = model.outputs(model.tensors);
    EXPECT_TRUE(outputs.isfinite().all().item<bool>()) << model.name();
    auto without = model.tensors;
    without.support.mask = at::zeros_like(without.support.mask);
    EXPECT_LT(greatest(model.outputs(without)[1] - outputs[1]), 1e-12) << model.name();
    for (auto* values : {&without.support.place, &without.support.label, &without.support.mask})
      *values = values->narrow(1, 0, 0);
    EXPECT_LT(greatest(model.outputs(without)[1] - outputs[1]), 1e-12) << model.name();
    const auto gradients = torch::autograd::grad({model.losses().sum()}, model.learner.parameters().values(), {},
                                                 std::nullopt, false, true);
    for (const auto& gradient : gradients)
      EXPECT_TRUE(!gradient.defined() || gradient.isfinite().all().item<bool>()) << model.name();
  }
}

// What reads rows says nothing where there are none; the encoder has a bias, and prototypes have the shared one.
TEST(ClassesOfTasks, WithoutSupportRowsScoreAsTheirPriorSays) {
  const c10::NoGradGuard no_grad;
  for (const auto& chain : std::vector<ClassChain>{{{kPrior, kGru}},
                                                   {{kPrior, kLstm}},
                                                   {{kPrior, kRidge}},
                                                   {{kPrior, kKernel}},
                                                   {{kPrior}, ReadoutKind::kMatching},
                                                   {{kPrior}, ReadoutKind::kMatching, 2},
                                                   {{kPrior}, ReadoutKind::kSiamese}}) {
    const RandomClasses model(chain);
    const auto losses = model.losses(), of_prior = model.joint_losses();
    EXPECT_NEAR(losses[1].item<double>(), of_prior[1].item<double>(), 1e-12) << model.name();
    EXPECT_GT(std::abs((losses[0] - of_prior[0]).item<double>()), 1e-6) << model.name();
  }
}

TEST(ClassesOfTasks, AreComputedInFloat32AsInDoublesWithTheGradients) {
  for (const auto& chain : all_class_chains()) {
    const RandomClasses narrow(chain, at::kFloat), wide(chain);
    const auto found = narrow.losses(), expected = wide.losses();
    EXPECT_LT(greatest(found - expected), 1e-4) << wide.name();
    const auto gradients = [](const RandomClasses& model, const at::Tensor& losses) {
      return torch::autograd::grad({losses.sum()}, model.learner.parameters().values(), {}, std::nullopt, false, true);
    };
    const auto of_narrow = gradients(narrow, found), of_wide = gradients(wide, expected);
    for (std::size_t i = 0; i < of_wide.size(); ++i) {
      const auto name = wide.name() + ": " + wide.learner.parameters().list()[i].name;
      ASSERT_EQ(of_narrow[i].defined(), of_wide[i].defined()) << name;
      if (!of_wide[i].defined() || of_wide[i].numel() == 0) continue;
      EXPECT_LT(greatest(of_narrow[i] - of_wide[i]) / std::max(greatest(of_wide[i]), 1e-2), 2e-3) << name;
    }
  }
}

}  // namespace
}  // namespace warmstart
