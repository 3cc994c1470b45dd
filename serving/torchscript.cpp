#include "serving/torchscript.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include "base/errors.h"

namespace warmstart {
namespace {

namespace jit = torch::jit;

jit::Module module_of(const TracedModel& model) {
  jit::Module module("warmstart");
  const auto graph = model.graph->copy();
  graph->insertInput(0, "self")->setType(module.type());
  auto* tuple = graph->appendNode(graph->createTuple(graph->outputs()));
  while (!graph->outputs().empty()) graph->eraseOutput(graph->outputs().size() - 1);
  graph->registerOutput(tuple->output());
  auto* forward = module._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*module.type()->name(), "forward"), graph);
  module.type()->addMethod(forward);
  module.eval();
  return module;
}

jit::Module loaded(const std::filesystem::path& path) {
  try {
    return jit::load(path.string());
  } catch (const c10::Error& error) {
    throw DataError(
        fmt::format("{}: cannot be read as TorchScript: {}", path.string(), error.what_without_backtrace()));
  }
}

}  // namespace

TorchScript::TorchScript(const TracedModel& model)
    : module_(module_of(model)), inputs_(model.inputs), outputs_(model.outputs) {}

TorchScript::TorchScript(const std::filesystem::path& path, std::vector<GraphValue> inputs,
                         std::vector<GraphValue> outputs)
    : module_(loaded(path)), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}

NamedValues TorchScript::run(const NamedValues& values) const {
  const c10::NoGradGuard no_grad;
  // What the executor learns of a graph's first runs would round the later ones otherwise.
  const jit::GraphOptimizerEnabledGuard as_it_is(false);
  std::vector<c10::IValue> stack;
  for (const auto& input : inputs_) {
    const auto found = values.find(input.name);
    if (found == values.end())
      throw DataError(fmt::format("the request has no '{}', which the model wants", input.name));
    stack.emplace_back(found->second);
  }
  try {
    const auto results = module_.forward(stack).toTuple()->elements().vec();
    NamedValues named;
    for (std::size_t i = 0; i < outputs_.size(); ++i) named[outputs_[i].name] = results.at(i).toTensor();
    return named;
  } catch (const std::exception& error) {  // LibTorch's own, or too few results
    const std::string what = error.what();
    throw DataError(fmt::format("the model's graph cannot be run: {}", what.substr(0, what.find('\n'))));
  }
}

void TorchScript::save(const std::filesystem::path& path) const { module_.save(path.string()); }

void save_torchscript(const TracedModel& model, const std::filesystem::path& path) { TorchScript(model).save(path); }

}  // namespace warmstart
