// What a served model takes, one thread of the CPU: adapt and score in one call, adapt alone, score with a kept memory,
// ranking of the whole catalogue, an update by one row, and a batch of users, in ONNX Runtime and in LibTorch; beside
// them the same network fine-tuned for a user by autograd.
//
//   serving_times [REPEATS]      prints medians and 99th percentiles in milliseconds, and sizes

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "base/files.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/stopwatch.h"
#include "serving/encoded_catalogue.h"
#include "serving/onnx_model.h"
#include "serving/onnx_runtime.h"
#include "serving/torchscript.h"

namespace warmstart {
namespace {

constexpr std::int64_t kItems = 100'000, kCategories = 50, kSupport = 10;
int repeats = 200;

Schema schema() {
  Schema schema;
  schema.label_min = 1;
  schema.label_max = 5;
  const auto add = [&](const char* name, FieldKind kind, FieldOwner owner, std::int64_t size) {
    schema.fields.push_back({.name = name, .kind = kind, .owner = owner, .vocabulary_size = size});
  };
  add("item", FieldKind::kCategorical, FieldOwner::kEntity, kItems);
  add("categories", FieldKind::kMulti, FieldOwner::kEntity, kCategories);
  add("price", FieldKind::kDense, FieldOwner::kEntity, 0);
  add("group", FieldKind::kCategorical, FieldOwner::kTask, 20);
  return schema;
}

// All items, each with the category and the price that its number says.
Catalogue catalogue() {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("warmstart-serving-{}", ::getpid());
  std::filesystem::create_directories(folder / "vocabularies");
  const auto write_vocabulary = [&](const char* name, std::int64_t size) {
    std::string text = "key\tid\n";
    for (std::int64_t id = 1; id <= size; ++id) text += fmt::format("k{}\t{}\n", id, id);
    write_file(folder / "vocabularies" / name, text);
  };
  write_vocabulary("item.item.tsv", kItems);
  write_vocabulary("item.categories.tsv", kCategories);
  write_vocabulary("task.group.tsv", 20);
  std::string text = "key\titem.item\titem.categories\titem.price\n";
  for (std::int64_t id = 1; id <= kItems; ++id)
    text += fmt::format("k{}\t{}\t{}\t{}\n", id, id, 1 + id % kCategories, id % 7 - 3);
  write_file(folder / "entities.tsv", text);
  Catalogue catalogue(schema(), folder);
  std::filesystem::remove_all(folder);
  return catalogue;
}

NamedValues request(std::int64_t tasks, std::int64_t candidates) {
  const auto rows = [&](const char* part, std::int64_t count) {
    return NamedValues{
        {fmt::format("{}.item.item", part), at::randint(0, kItems + 1, {tasks, count}, at::kLong)},
        {fmt::format("{}.item.categories", part), at::randint(0, kCategories + 1, {tasks, count, 3}, at::kLong)},
        {fmt::format("{}.item.price", part), at::randn({tasks, count})}};
  };
  auto values = rows("support", kSupport);
  values.merge(rows("candidates", candidates));
  values["task.group"] = at::randint(0, 21, {tasks}, at::kLong);
  values["support.label"] = at::randint(1, 6, {tasks, kSupport}).to(at::kFloat);
  values["support.mask"] = at::ones({tasks, kSupport});
  return values;
}

std::string milliseconds(const std::function<void()>& work) {
  std::vector<double> seconds;
  const Stopwatch all;
  for (int i = 0; i < repeats + 3 && (i < 8 || all.seconds() < 5.0); ++i) {
    const Stopwatch stopwatch;
    work();
    if (i >= 3) seconds.push_back(1e3 * stopwatch.seconds());
  }
  std::sort(seconds.begin(), seconds.end());
  return fmt::format("{:>9.3f} {:>9.3f}", seconds[seconds.size() / 2], seconds[seconds.size() * 99 / 100]);
}

void print(const std::string& what, const std::string& session, const std::string& script) {
  fmt::print("{:<44} {} {}\n", what, session, script);
}

class Graph {
 public:
  Graph(const TracedModel& model, const std::shared_ptr<OnnxRuntime>& runtime,
        WeightPrecision precision = WeightPrecision::kFloat32)
      : model_(model), script_(model) {
    const auto path = std::filesystem::temp_directory_path() / fmt::format("warmstart-serving-{}.onnx", ::getpid());
    write_onnx_model(model, path, precision);
    bytes_ = std::filesystem::file_size(path);
    session_ = std::make_unique<OnnxSession>(runtime, path);
    std::filesystem::remove(path);
  }

  NamedValues run(const NamedValues& values) const { return script_.run(values); }
  std::uintmax_t bytes() const { return bytes_; }

  // In LibTorch, too, unless it would be the same again.
  void time(const std::string& what, const NamedValues& values, bool in_libtorch = true) const {
    NamedValues inputs;
    for (const auto& input : model_.inputs) inputs[input.name] = values.at(input.name);
    std::vector<std::string> outputs;
    for (const auto& output : model_.outputs) outputs.push_back(output.name);
    print(what, milliseconds([&] { session_->run(inputs, outputs); }),
          in_libtorch ? milliseconds([&] { script_.run(values); }) : "");
  }

 private:
  const TracedModel& model_;
  TorchScript script_;
  std::unique_ptr<OnnxSession> session_;
  std::uintmax_t bytes_ = 0;
};

void time_coarse(const TracedModel& model, const std::shared_ptr<OnnxRuntime>& runtime) {
  for (const auto precision : {WeightPrecision::kFloat16, WeightPrecision::kInt8}) {
    const Graph coarse(model, runtime, precision);
    const auto* name = precision == WeightPrecision::kInt8 ? "int8" : "fp16";
    for (const std::int64_t candidates : {1, 100, 1000})
      coarse.time(fmt::format("{}: adapt and score {}", name, candidates), request(1, candidates), false);
    fmt::print("bytes: {} of the model in {}\n", coarse.bytes(), name);
  }
}

// What a graph takes with the memory of so many users.
void time_kept(const Graph& graph, const std::string& what, const Graph& adapt, std::int64_t users,
               NamedValues values) {
  const auto memory = adapt.run(request(users, 1));
  values.insert(memory.begin(), memory.end());
  graph.time(what, values);
}

void time_method(const std::string& name, const ModelOptions& options, const std::shared_ptr<OnnxRuntime>& runtime,
                 const Catalogue& catalogue) {
  Learner learner(schema(), options, 1);
  const bool ranks = not_encoded_because(learner).empty(), updates = learner.updates();
  const auto models = trace(learner, ranks ? &catalogue : nullptr);
  const Graph whole(models[0], runtime), adapt(models[1], runtime), score(models[2], runtime);
  fmt::print("\n{}\n{:<44} {:>19} {:>19}\n{:<44} {:>9} {:>9} {:>9} {:>9}\n", name, "one user, 10 support rows",
             "ONNX Runtime", "LibTorch", "milliseconds", "p50", "p99", "p50", "p99");
  for (const std::int64_t candidates : {1, 100, 1000})
    whole.time(fmt::format("adapt and score {}, with influences", candidates), request(1, candidates));
  adapt.time("adapt", request(1, 1));
  const auto memory = adapt.run(request(1, 1));
  std::int64_t kept = 0;
  for (const auto& [part, value] : memory) kept += value.numel();
  for (const std::int64_t candidates : {1, 100, 1000, 100'000})
    time_kept(score, fmt::format("score {} with a kept memory", candidates), adapt, 1, request(1, candidates));
  if (updates) {
    auto row = request(1, 1);
    for (auto& [input, value] : row)
      if (input.starts_with("support.")) value = value.narrow(1, 0, 1).contiguous();
    time_kept(Graph(models[3], runtime), "update a kept memory by a row", adapt, 1, row);
  }
  if (ranks) {
    const Graph rank(models.back(), runtime);
    const NamedValues top = {{kTop, at::full({1}, 10, at::kLong)}};
    time_kept(rank, "rank all 100000, the best 10", adapt, 1, top);
    time_kept(rank, "32 users, rank all 100000, the best 10 each", adapt, 32, top);
    fmt::print("bytes: {} of the ranking graph\n", rank.bytes());
  }
  whole.time("32 users, adapt and score 100 each", request(32, 100));
  fmt::print("bytes: {} of the model, {} of a memory\n", whole.bytes(), 4 * kept);
  time_coarse(models[0], runtime);
}

// Three steps of gradient descent on all weights of a user's own copy of the network, then scores of 100 candidates.
void time_fine_tuning(const std::vector<std::int64_t>& tower, std::int64_t embedding) {
  std::vector<at::Tensor> weights, biases;
  auto width = embedding;
  for (auto next : tower) {
    weights.push_back(at::randn({next, width}) / 16);
    biases.push_back(at::zeros({next}));
    width = next;
  }
  weights.push_back(at::randn({1, width}) / 16);
  biases.push_back(at::zeros({1}));
  const auto support = at::randn({kSupport, embedding}), labels = at::randn({kSupport, 1}),
             candidates = at::randn({100, embedding});
  const auto outputs = [](const std::vector<at::Tensor>& parameters, at::Tensor x) {
    const auto layers = parameters.size() / 2;
    for (std::size_t i = 0; i < layers; ++i) {
      x = at::linear(x, parameters[i], parameters[layers + i]);
      if (i + 1 < layers) x = at::leaky_relu(x, 0.1);
    }
    return x;
  };
  const auto time = milliseconds([&] {
    std::vector<at::Tensor> own;
    for (const auto* list : {&weights, &biases})
      for (const auto& tensor : *list) own.push_back(tensor.detach().clone().requires_grad_());
    for (int step = 0; step < 3; ++step) {
      const auto gradients = torch::autograd::grad({(outputs(own, support) - labels).square().mean()}, own);
      const c10::NoGradGuard no_grad;
      for (std::size_t i = 0; i < own.size(); ++i) own[i].sub_(gradients[i], 0.01);
    }
    const c10::NoGradGuard no_grad;
    outputs(own, candidates);
  });
  print("fine-tune 3 steps by autograd, score 100", fmt::format("{:>19}", ""), time);
}

int run() {
  keep_freed_memory();
  at::set_num_threads(1);
  at::manual_seed(1);
  const auto runtime = OnnxRuntime::load();
  if (!runtime) throw std::runtime_error("no ONNX Runtime: run scripts/setup");
  const auto items = catalogue();
  ModelOptions options;
  time_method("two-tower (64), ridge: the default", options, runtime, items);
  options.adapt.stages.back() = StageKind::kKernel;
  time_method("two-tower (64), kernel", options, runtime, items);
  options.adapt.stages.back() = StageKind::kRidge;
  options.network.kind = NetworkKind::kMlp;
  options.network.tower = {256, 256};
  time_method("mlp (256-256), ridge", options, runtime, items);
  options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  time_method("mlp (256-256), 3 steps on the head", options, runtime, items);
  options.adapt.inner.scope = Scope::kDense;
  time_method("mlp (256-256), 3 steps on all linear layers", options, runtime, items);
  time_fine_tuning({256, 256}, options.network.embedding);
  return 0;
}

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) {
  try {
    if (argc > 1) warmstart::repeats = std::atoi(argv[1]);
    return warmstart::run();
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
