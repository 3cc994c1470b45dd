// Every method's graphs, in ONNX Runtime, against the code that trained it.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/ir/irparser.h>

#include <algorithm>

#include "base/errors.h"
#include "base/files.h"
#include "base/random.h"
#include "serving/encoded_catalogue.h"
#include "serving/model_functions.h"
#include "serving/onnx_model.h"
#include "serving/onnx_runtime.h"
#include "tests/support/random_batch.h"
#include "tests/support/random_request.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tried_methods.h"

namespace warmstart {
namespace {

constexpr double kRounding = 1e-5;

Learner example(const ModelOptions& options, const Schema& schema = random_batch_schema()) {
  Learner learner(schema, options, 3);
  RandomStream random(5, Purpose::kSynthesize);
  auto flat = learner.parameters().flat().detach();
  auto* value = flat.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < flat.numel(); ++i) value[i] += 0.1f * static_cast<float>(random.normal());
  return learner;
}

using Answers = std::map<std::string, at::Tensor>;

// A model's graphs as sessions.
class Served {
 public:
  explicit Served(Learner& learner, const Catalogue* ranked = nullptr) {
    const auto runtime = OnnxRuntime::load();
    if (!runtime) throw std::runtime_error("no ONNX Runtime: run scripts/setup");
    for (const auto& model : trace(learner, ranked)) {
      const auto path = folder_.path() / (std::string("model") + suffix_of(model.kind) + ".onnx");
      write_onnx_model(model, path);
      graphs_[model.kind] = {model.inputs, model.outputs, std::make_unique<OnnxSession>(runtime, path)};
    }
  }

  Answers in_one_call(const Answers& request) const { return run(GraphKind::kModel, request); }
  Answers memory(const Answers& request) const { return run(GraphKind::kAdapt, request); }
  Answers updated(const Answers& memory, Answers row) const {
    row.insert(memory.begin(), memory.end());
    Answers updated;
    for (const auto& [name, value] : run(GraphKind::kUpdate, row))
      updated[name.substr(std::string(kUpdated).size())] = value;
    return updated;
  }
  Answers in_two_calls(Answers request) const {
    const auto memory = this->memory(request);
    request.insert(memory.begin(), memory.end());
    return run(GraphKind::kScore, request);
  }
  Answers ranked(Answers memory, std::int64_t top) const {
    memory[kTop] = at::full({1}, top, at::kLong);
    return run(GraphKind::kRank, memory);
  }

 private:
  struct Graph {
    std::vector<GraphValue> inputs, outputs;
    std::unique_ptr<OnnxSession> session;
  };

  Answers run(GraphKind kind, const Answers& request) const {
    const auto& graph = graphs_.at(kind);
    Answers inputs, answers;
    for (const auto& input : graph.inputs) inputs[input.name] = request.at(input.name);
    std::vector<std::string> names;
    for (const auto& output : graph.outputs) names.push_back(output.name);
    const auto values = graph.session->run(inputs, names);
    for (std::size_t i = 0; i < names.size(); ++i) answers[names[i]] = values[i];
    return answers;
  }

  TemporaryFolder folder_;
  std::map<GraphKind, Graph> graphs_;
};

// What the trainer's own code says, where query rows are real.
Answers expected(const Learner& learner, const EpisodeBatch& batch) {
  const c10::NoGradGuard no_grad;
  const auto found = learner.predict(batch);
  Answers answers = {{"scores", found.labels}};
  if (found.scales.defined())
    answers["deviations"] = found.scales * at::sqrt(found.freedom / (found.freedom - 2.0)).unsqueeze(1);
  const TensorBatch tensors(batch, at::kFloat);
  const auto parameters = learner.batch_parameters(tensors);
  const auto reasons = learner.reasons(parameters, tensors);
  answers["prior"] = reasons.prior;
  // Padded rows have none.
  answers["influences"] = reasons.shares;
  return answers;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  if (a.numel() == 0) return 0.0;
  return ((a - b).abs() / b.abs().clamp_min(1.0)).max().item<double>();
}

class ExportedGraphs : public testing::TestWithParam<ModelOptions> {};

TEST_P(ExportedGraphs, SayWhatTheTrainerSaysAtEverySize) {
  const bool binary = has_bits(GetParam().objective.kind);
  auto learner = example(small_method(GetParam()));
  struct Shape {
    std::int64_t tasks, support, candidates;
  };
  std::vector<std::pair<RandomRequest, Answers>> requests;
  for (const auto& [tasks, support, candidates] :
       {Shape{3, 5, 7}, {2, 9, 4}, {1, 1, 1}, {4, 20, 100}, {1, 0, 5}, {1, 6, 1000}, {5, 3, 2}}) {
    auto request = random_request(tasks, support, candidates, binary, static_cast<std::uint64_t>(support));
    auto answers = expected(learner, request.batch);
    requests.emplace_back(std::move(request), std::move(answers));
  }
  const Served served(learner);
  for (const auto& [request, answers] : requests) {
    const auto found = served.in_one_call(request.inputs), in_two = served.in_two_calls(request.inputs);
    for (const auto& [name, value] : answers) {
      EXPECT_LT(difference(found.at(name), value), kRounding) << name << " " << value.sizes();
      if (!in_two.contains(name)) continue;
      EXPECT_TRUE(at::equal(in_two.at(name), found.at(name)))
          << name << " in two calls" << difference(in_two.at(name), found.at(name));
    }
  }
}

// The model as it is asked without a graph.
TEST_P(ExportedGraphs, HaveTheBitsThatTheModelComputesItself) {
  auto learner = example(small_method(GetParam()));
  const auto own = functions_of(learner);
  auto inputs = random_request(3, 5, 7, has_bits(GetParam().objective.kind), 8).inputs;
  for (const auto& graph : trace(learner)) {
    if (!own.contains(graph.kind)) continue;
    const auto found = own.at(graph.kind)(inputs), of_graph = TorchScript(graph).run(inputs);
    ASSERT_EQ(found.size(), of_graph.size());
    for (const auto& [name, value] : of_graph) EXPECT_TRUE(at::equal(found.at(name), value)) << name;
    if (graph.kind == GraphKind::kAdapt) inputs.insert(found.begin(), found.end());  // kScore comes behind it
  }
}

Answers with_rows_moved(Answers request, std::int64_t support) {
  // A row of padding before each row.
  for (auto& [name, value] : request) {
    if (!name.starts_with("support.")) continue;
    const auto padding = name == "support.mask"             ? at::zeros_like(value)
                         : value.scalar_type() == at::kLong ? at::full_like(value, 77)
                                                            : at::full_like(value, NAN);
    value = at::stack({padding, value}, 2).flatten(1, 2).contiguous();
    EXPECT_EQ(value.size(1), 2 * support);
  }
  return request;
}

TEST_P(ExportedGraphs, DoNotReadPaddingWhereverItStands) {
  const bool binary = has_bits(GetParam().objective.kind);
  auto learner = example(small_method(GetParam()));
  const auto request = random_request(3, 4, 6, binary, 9);
  const Served served(learner);
  const auto scores = served.in_one_call(request.inputs).at("scores");
  const auto moved = served.in_one_call(with_rows_moved(request.inputs, 4));
  EXPECT_LT(difference(moved.at("scores"), scores), kRounding);
}

// The bytes of a graph in which tables and weights are most of it, and its scores.
std::pair<std::size_t, at::Tensor> exported_with(WeightPrecision precision, const Answers& request) {
  ModelOptions options;
  options.network.embedding = 512;
  auto learner = example(options);
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.onnx";
  const auto model = trace(learner)[0];
  write_onnx_model(model, path, precision);
  Answers inputs;
  for (const auto& input : model.inputs) inputs[input.name] = request.at(input.name);
  return {std::filesystem::file_size(path), OnnxSession(OnnxRuntime::load(), path).run(inputs, {"scores"})[0]};
}

TEST(ExportedGraphs, CoarserWeightsTakeLessAndSayNearlyTheSame) {
  const auto request = random_request(3, 5, 20, false, 6).inputs;
  const auto exact = exported_with(WeightPrecision::kFloat32, request);
  const auto half = exported_with(WeightPrecision::kFloat16, request);
  const auto byte = exported_with(WeightPrecision::kInt8, request);
  EXPECT_LT(half.first, exact.first * 6 / 10);
  EXPECT_LT(byte.first, exact.first * 4 / 10);
  EXPECT_LT(difference(half.second, exact.second), 0.02);
  EXPECT_LT(difference(byte.second, exact.second), 0.5);
  EXPECT_GT(difference(byte.second, exact.second), 0.0);
}

// One row of each task, padded where it has none.
Answers only_row(const Answers& request, std::int64_t row) {
  Answers one;
  for (const auto& [name, value] : request)
    if (name.starts_with("support.")) one[name] = value.narrow(1, row, 1).contiguous();
  return one;
}

// A memory made row by row is that of all rows at once.
TEST_P(ExportedGraphs, UpdateAMemoryRowByRow) {
  auto learner = example(small_method(GetParam()));
  const auto& stages = GetParam().adapt.stages;
  const bool steps = std::find(stages.begin(), stages.end(), StageKind::kSteps) != stages.end();
  const bool linear = GetParam().adapt.readout == ReadoutKind::kLinear;
  ASSERT_EQ(learner.updates(),
            GetParam().objective.kind == ObjectiveKind::kSquared && linear && !steps && learner.encodes_rows_once());
  if (!learner.updates()) return;
  const auto request = random_request(3, 6, 5, false, 2);
  const Served served(learner);
  auto none = request.inputs;
  for (auto& [name, value] : none)
    if (name.starts_with("support.")) value = value.narrow(1, 0, 0).contiguous();
  auto memory = served.memory(none);
  for (std::int64_t row = 0; row < 6; ++row) memory = served.updated(memory, only_row(request.inputs, row));
  for (const auto& [name, value] : served.memory(request.inputs))
    EXPECT_LT(difference(memory.at(name), value), 2e-5) << name;
}

// Of random_batch_schema(), without the field that rows have of their own.
Schema schema_of_entities() {
  auto schema = random_batch_schema();
  std::erase_if(schema.fields, [](const Field& field) { return field.owner == FieldOwner::kRow; });
  return schema;
}

// Six items that are known, and two that only their fields tell.
Catalogue small_catalogue(const std::filesystem::path& folder) {
  const auto write_vocabulary = [&](const char* name, int size) {
    std::string text = "key\tid\n";
    for (int id = 1; id <= size; ++id) text += fmt::format("{}\t{}\n", static_cast<char>('a' + id), id);
    write_file(folder / "vocabularies" / name, text);
  };
  std::filesystem::create_directories(folder / "vocabularies");
  write_vocabulary("item.item.tsv", 6);
  write_vocabulary("item.genre.tsv", 4);
  write_vocabulary("task.group.tsv", 3);
  write_file(
      folder / "entities.tsv",
      "key\titem.item\titem.genre\titem.price\n"
      "a\t1\t1,2\t0.5\nb\t2\t\t-1\nc\t3\t4\t\nd\t4\t1,3,4\t2\ne\t5\t2\t1.5\nf\t6\t3\t0\ng\t\t1\t1\nh\t\t2,4\t\n");
  return {schema_of_entities(), folder};
}

// Three tasks of the catalogue's items, one of them without any, as the inputs of all graphs; all items are candidates.
Answers request_about(const Catalogue& catalogue, bool binary) {
  std::vector<RequestTask> tasks;
  for (std::size_t rows : {std::size_t{4}, std::size_t{0}, std::size_t{7}}) {
    RequestTask task = {{RequestCell{{static_cast<std::int64_t>(rows) % 4}, NAN}}, {}, {}, {}};
    for (std::size_t i = 0; i < rows; ++i) {
      task.support.push_back(catalogue.fields((3 * i + rows) % catalogue.entities()));
      task.labels.push_back(binary ? static_cast<float>(i % 2) : static_cast<float>(i) - 2.5f);
    }
    for (std::size_t i = 0; i < catalogue.entities(); ++i) task.candidates.push_back(catalogue.fields(i));
    tasks.push_back(task);
  }
  return request_of(catalogue.schema(), tasks);
}

TEST_P(ExportedGraphs, RankTheCatalogueByTheScoresOfItsEntities) {
  const TemporaryFolder folder;
  const auto catalogue = small_catalogue(folder.path());
  if (GetParam().network.kind == NetworkKind::kEntityTowers) {
    EXPECT_THROW(example(small_method(GetParam()), schema_of_entities()), UsageError);  // entities have no users
    return;
  }
  auto learner = example(small_method(GetParam()), schema_of_entities());
  if (!learner.encodes_rows_once()) {
    EXPECT_NE(not_encoded_because(learner).find("changes the network"), std::string::npos);
    return;
  }
  EXPECT_EQ(not_encoded_because(learner), "");
  const auto request = request_about(catalogue, has_bits(GetParam().objective.kind));
  const Served served(learner, &catalogue);
  const auto all = served.in_two_calls(request);
  const auto [sorted, order] = at::sort(all.at("outputs"), 1, true);
  for (const std::int64_t top : {1, 3, 8, 100}) {
    const auto found = served.ranked(served.memory(request), top);
    const auto count = std::min<std::int64_t>(top, 8);
    EXPECT_TRUE(at::equal(found.at(kEntities), order.narrow(1, 0, count))) << top << found.at(kEntities) << sorted;
    for (const auto& [name, value] : all)
      EXPECT_LT(difference(found.at(name), value.gather(1, found.at(kEntities))), kRounding) << name << " of " << top;
  }
}

TEST(ExportedGraphs, NameAnOperatorThatHasNoRule) {
  const auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::parseIR("graph(%x : Float(*, *)):\n  %y : Float(*, *) = aten::erf(%x)\n  return (%y)", graph.get());
  const TracedModel model = {GraphKind::kModel, graph, {{"x", false, {"a", "b"}}}, {{"y", false, {"a", "b"}}}};
  try {
    write_onnx_model(model, "unused");
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("aten::erf"), std::string::npos) << error.what();
  }
}

// Wide features are solved by rows.
TEST(ExportedGraphs, OfWideNetworksSayWhatTheTrainerSays) {
  ModelOptions options;
  options.network.kind = NetworkKind::kMlp;
  options.network.tower = {160};
  for (const auto objective : {ObjectiveKind::kSquared, ObjectiveKind::kBinary}) {
    options.objective.kind = objective;
    auto learner = example(options);
    const auto request = random_request(3, 9, 6, has_bits(objective), 4);
    const auto answers = expected(learner, request.batch);
    const auto found = Served(learner).in_one_call(request.inputs);
    for (const auto& [name, value] : answers) EXPECT_LT(difference(found.at(name), value), 1e-4) << name;
  }
}

// All, or under sanitizers, which take many times as long, some of each kind.
INSTANTIATE_TEST_SUITE_P(AllMethods, ExportedGraphs, testing::ValuesIn(every_step_of(served_methods())),
                         test_name_of_method);
INSTANTIATE_TEST_SUITE_P(Settings, ExportedGraphs, testing::ValuesIn(tried_settings()), test_name_of_method);

}  // namespace
}  // namespace warmstart
