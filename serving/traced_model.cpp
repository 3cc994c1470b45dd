#include "serving/traced_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <functional>
#include <map>
#include <numeric>

#include "base/random.h"
#include "serving/encoded_catalogue.h"
#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {
namespace {

namespace jit = torch::jit;

using Values = std::vector<at::Tensor>;
using Named = NamedOutputs;

// How much of everything an example request has.
struct Sizes {
  std::int64_t tasks, support, candidates, values;
};
constexpr Sizes kTraced = {3, 5, 7, 2}, kOther = {2, 4, 6, 3};
constexpr std::int64_t kTracedTop = 2, kOtherTop = 1;

// A request's inputs, part by part.
struct Inputs {
  explicit Inputs(const Schema& schema)
      : task(request_inputs(schema, RequestPart::kTask)),
        support(request_inputs(schema, RequestPart::kSupport)),
        candidates(request_inputs(schema, RequestPart::kCandidates)) {}
  std::vector<RequestInput> task, support, candidates;
};

at::Tensor example_of(const RequestInput& input, const Sizes& sizes, RandomStream& random) {
  std::vector<std::int64_t> shape;
  for (const auto& size : input.sizes)
    shape.push_back(size == kTasksSize        ? sizes.tasks
                    : size == kSupportSize    ? sizes.support
                    : size == kCandidatesSize ? sizes.candidates
                                              : sizes.values);
  auto value = at::empty(shape, input.is_ids ? at::kLong : at::kFloat);
  const auto most = input.is_ids ? static_cast<std::uint64_t>(input.field->vocabulary_size) + 1 : 2;
  auto flat = value.flatten();
  for (std::int64_t i = 0; i < flat.numel(); ++i) flat[i].fill_(static_cast<double>(random.below(most)));
  return value;
}

void append_examples(Values& values, const std::vector<RequestInput>& inputs, const Sizes& sizes) {
  RandomStream random(1, Purpose::kSynthesize);
  for (const auto& input : inputs) values.push_back(example_of(input, sizes, random));
}

// Something to trace: inputs by name and, at two sizes, examples of them, and what is computed of them.
struct Program {
  GraphKind kind;
  std::vector<GraphValue> inputs;
  Values traced, other;
  std::function<Named(std::span<const at::Tensor>)> compute;
};

std::vector<GraphValue> values_of(const std::vector<RequestInput>& inputs) {
  std::vector<GraphValue> values;
  values.reserve(inputs.size());
  for (const auto& input : inputs) values.push_back({input.name, input.is_ids, input.sizes});
  return values;
}

void add_part(Program& program, const std::vector<RequestInput>& part) {
  const auto values = values_of(part);
  program.inputs.insert(program.inputs.end(), values.begin(), values.end());
  append_examples(program.traced, part, kTraced);
  append_examples(program.other, part, kOther);
}

// The name of a size that is `traced` in one example and `other` in another.
std::string size_name(std::int64_t traced, std::int64_t other, const std::string& of) {
  if (traced == other) return std::to_string(traced);
  if (traced == kTraced.tasks && other == kOther.tasks) return kTasksSize;
  if (traced == kTraced.support && other == kOther.support) return kSupportSize;
  if (traced == kTraced.candidates && other == kOther.candidates) return kCandidatesSize;
  if (traced == kTracedTop && other == kOtherTop) return kTop;
  return "rows of " + of;
}

std::vector<GraphValue> described(const Named& traced, const Named& other) {
  std::vector<GraphValue> values;
  for (std::size_t i = 0; i < traced.size(); ++i) {
    const auto& [name, value] = traced[i];
    GraphValue described = {name, value.scalar_type() == at::kLong, {}};
    for (std::int64_t d = 0; d < value.dim(); ++d)
      described.sizes.push_back(size_name(value.size(d), other[i].second.size(d), name));
    values.push_back(std::move(described));
  }
  return values;
}

Program model_program(const Learner& model, const BatchParameters& parameters, const Inputs& inputs) {
  Program program = {GraphKind::kModel, {}, {}, {}, {}};
  for (const auto* part : {&inputs.support, &inputs.task, &inputs.candidates}) add_part(program, *part);
  program.compute = [&](std::span<const at::Tensor> values) {
    Request request;
    const auto support = inputs.support.size(), task = inputs.task.size();
    add_task(request, model.schema(), values.first(support), values.subspan(support, task));
    request.query = request_features(model.schema(), RequestPart::kCandidates, values.subspan(support + task));
    return outputs_of(model.answer(parameters, request));
  };
  return program;
}

Program adapt_program(const Learner& model, const BatchParameters& parameters, const Inputs& inputs) {
  Program program = {GraphKind::kAdapt, {}, {}, {}, {}};
  for (const auto* part : {&inputs.support, &inputs.task}) add_part(program, *part);
  program.compute = [&](std::span<const at::Tensor> values) {
    Request request;
    const auto support = inputs.support.size();
    add_task(request, model.schema(), values.first(support), values.subspan(support));
    const auto memory = model.memory(parameters, request);
    return Named(memory.begin(), memory.end());
  };
  return program;
}

// Lets the inputs begin with the memory that `adapt` makes; its names.
std::vector<std::string> add_memory(Program& program, const Program& adapt) {
  const auto traced = adapt.compute(adapt.traced), other = adapt.compute(adapt.other);
  program.inputs = described(traced, other);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < traced.size(); ++i) {
    names.push_back(traced[i].first);
    program.traced.push_back(traced[i].second);
    program.other.push_back(other[i].second);
  }
  return names;
}

TaskState::Memory memory_of(const std::vector<std::string>& names, std::span<const at::Tensor> values) {
  TaskState::Memory memory;
  for (std::size_t i = 0; i < names.size(); ++i) memory[names[i]] = values[i];
  return memory;
}

Program score_program(const Learner& model, const BatchParameters& parameters, const Inputs& inputs,
                      const Program& adapt) {
  Program program = {GraphKind::kScore, {}, {}, {}, {}};
  const auto names = add_memory(program, adapt);
  add_part(program, inputs.candidates);
  program.compute = [&, names](std::span<const at::Tensor> values) {
    Request request;
    request.query = request_features(model.schema(), RequestPart::kCandidates, values.subspan(names.size()));
    return outputs_of(model.answer(parameters, request, memory_of(names, values)));
  };
  return program;
}

// A memory and one row more, which is the row "support" of size 1.
Program update_program(const Learner& model, const BatchParameters& parameters, const Inputs& inputs,
                       const Program& adapt) {
  Program program = {GraphKind::kUpdate, {}, {}, {}, {}};
  const auto names = add_memory(program, adapt);
  auto values = values_of(inputs.support);
  for (auto& value : values) value.sizes[1] = "1";
  program.inputs.insert(program.inputs.end(), values.begin(), values.end());
  append_examples(program.traced, inputs.support, {kTraced.tasks, 1, 0, kTraced.values});
  append_examples(program.other, inputs.support, {kOther.tasks, 1, 0, kOther.values});
  program.compute = [&, names](std::span<const at::Tensor> values) {
    Request request;
    add_support(request, model.schema(), values.subspan(names.size()));
    Named updated;
    // A graph's inputs and outputs have different names.
    for (const auto& [name, value] : model.update(parameters, request, memory_of(names, values)))
      updated.emplace_back(kUpdated + name, value);
    return updated;
  };
  return program;
}

// The places [T, R] of the largest of values [T, N], the largest first; `count` int64 [1].
at::Tensor places_of_largest(const at::Tensor& values, const at::Tensor& count) {
  const auto most = count.clamp_max(values.size(1));
  // The tracer takes the number from here, where topk() itself is given an integer.
  jit::tracer::ArgumentStash::stashValue("k", 1, most, c10::IntType::get());
  return std::get<1>(at::topk(values, most.item<std::int64_t>(), 1));
}

// The encoding of those rows [N, ..] that stand at `places` [T, R].
Encoding encoding_at(const Encoding& all, const at::Tensor& places) {
  std::map<std::string, at::Tensor> parts;
  for (const auto& [name, part] : all.parts()) parts[name] = at::embedding(part, places);
  return {at::embedding(all.features(), places), at::embedding(all.base(), places), std::move(parts)};
}

Program rank_program(const Learner& model, const BatchParameters& parameters, const Encoding& entities,
                     const Program& adapt) {
  Program program = {GraphKind::kRank, {}, {}, {}, {}};
  const auto names = add_memory(program, adapt);
  program.inputs.push_back({kTop, true, {"1"}});
  program.traced.push_back(at::full({1}, kTracedTop, at::kLong));
  program.other.push_back(at::full({1}, kOtherTop, at::kLong));
  program.compute = [&, names](std::span<const at::Tensor> values) {
    const auto memory = memory_of(names, values);
    const auto places = places_of_largest(model.outputs_of_all(parameters, entities, memory), values[names.size()]);
    auto named = outputs_of(model.answer(parameters, encoding_at(entities, places), memory));
    named.emplace_back(kEntities, places);
    return named;
  };
  return program;
}

void leave_out_unused_inputs(TracedModel& model) {
  for (auto i = model.inputs.size(); i-- > 0;) {
    if (model.graph->inputs()[i]->hasUses()) continue;
    model.graph->eraseInput(i);
    model.inputs.erase(model.inputs.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

TracedModel traced(const Program& program) {
  const auto compute = [&](const Values& values) {
    jit::Stack results;
    for (const auto& [name, value] : program.compute(values)) results.emplace_back(value);
    return results;
  };
  const auto example = program.compute(program.traced);
  std::vector<std::string> names;
  for (const auto& input : program.inputs) names.push_back(input.name);
  const jit::Stack inputs(program.traced.begin(), program.traced.end());
  const auto trace = [&](const jit::Stack& stack) {
    Values values;
    for (const auto& value : stack) values.push_back(value.toTensor());
    return compute(values);
  };
  const auto state = jit::tracer::trace(
      inputs, trace, [](const at::Tensor&) { return std::string(); }, /*strict=*/true, /*force_outplace=*/true);
  TracedModel model = {program.kind, state.first->graph, program.inputs,
                       described(example, program.compute(program.other))};
  jit::ConstantPropagation(model.graph);
  jit::EliminateDeadCode(model.graph);
  leave_out_unused_inputs(model);
  return model;
}

}  // namespace

NamedOutputs outputs_of(const Learner::Answer& answer) {
  NamedOutputs values = {{"scores", answer.scores}, {"outputs", answer.outputs}};
  if (answer.deviations.defined()) values.emplace_back("deviations", answer.deviations);
  if (answer.reasons.prior.defined())
    values.insert(values.end(), {{"prior", answer.reasons.prior}, {"influences", answer.reasons.shares}});
  return values;
}

const char* suffix_of(GraphKind kind) {
  if (kind == GraphKind::kModel) return "";
  if (kind == GraphKind::kAdapt) return "-adapt";
  if (kind == GraphKind::kScore) return "-score";
  return kind == GraphKind::kUpdate ? "-update" : "-rank";
}

void keep_values_alone(Learner& model) {
  for (const auto& parameter : model.parameters().list())
    model.parameters().replace(parameter.name, parameter.value.detach().clone());
}

std::vector<TracedModel> trace(Learner& model, const Catalogue* ranked) {
  const c10::NoGradGuard no_grad;
  const PlainArithmetic plain;
  keep_values_alone(model);
  const auto parameters = model.request_parameters();
  const Inputs inputs(model.schema());
  const auto adapt = adapt_program(model, parameters, inputs);
  std::vector<TracedModel> graphs = {traced(model_program(model, parameters, inputs)), traced(adapt),
                                     traced(score_program(model, parameters, inputs, adapt))};
  if (model.updates()) graphs.push_back(traced(update_program(model, parameters, inputs, adapt)));
  if (!ranked) return graphs;
  const auto entities = encoded_catalogue(model, parameters, *ranked);
  graphs.push_back(traced(rank_program(model, parameters, entities, adapt)));
  return graphs;
}

}  // namespace warmstart
