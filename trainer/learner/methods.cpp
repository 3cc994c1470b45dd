#include "trainer/learner/methods.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <type_traits>

namespace warmstart {
namespace {

using Stages = std::vector<StageKind>;

template <typename Enum>
requires std::is_enum_v<Enum> std::string name_of(Enum value) { return nlohmann::json(value).get<std::string>(); }

std::string names_of(const Stages& stages) {
  std::vector<std::string> names;
  for (const auto stage : stages) names.push_back(name_of(stage));
  return fmt::format("{}", fmt::join(names, ", "));
}

bool has(const Stages& stages, StageKind stage) {
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

std::ptrdiff_t place(const Stages& stages, StageKind stage) {
  return std::find(stages.begin(), stages.end(), stage) - stages.begin();
}

// Of stages around one that solves for the head.
std::optional<Refusal> refusal_of_solution(const Stages& stages) {
  for (const auto solver : {StageKind::kRidge, StageKind::kKernel}) {
    if (!has(stages, solver)) continue;
    const auto name = name_of(solver);
    if (stages.back() != solver)
      return Refusal{fmt::format("{} solves for the head, so that a stage behind it would only undo that", name),
                     fmt::format("name {} last", name)};
    if (has(stages, StageKind::kSteps) || has(stages, StageKind::kPrototypes))
      return Refusal{fmt::format("{} finds the head that steps and prototypes look for", name),
                     fmt::format("set adapt.stages = prior, support-encoder, {}", name)};
  }
  if (has(stages, StageKind::kSupportEncoder) && has(stages, StageKind::kSteps) &&
      place(stages, StageKind::kSteps) < place(stages, StageKind::kSupportEncoder))
    return Refusal{"steps start from the head that support-encoder makes, so they come behind it",
                   "set adapt.stages = prior, support-encoder, steps"};
  return std::nullopt;
}

std::optional<Refusal> refusal_of_order(const Stages& stages) {
  if (stages.empty()) return Refusal{"adapt.stages names no stage", "set adapt.stages = prior for none but the prior"};
  for (const auto stage : stages) {
    if (std::count(stages.begin(), stages.end(), stage) > 1)
      return Refusal{fmt::format("adapt.stages names {} twice", name_of(stage)), "name each stage once"};
  }
  if (has(stages, StageKind::kPrior) && stages.front() != StageKind::kPrior)
    return Refusal{"prior writes the head that other stages change, so it comes first", "name prior first"};
  if (auto refusal = refusal_of_solution(stages)) return refusal;
  if (has(stages, StageKind::kPrototypes) && has(stages, StageKind::kSteps) &&
      place(stages, StageKind::kSteps) < place(stages, StageKind::kPrototypes))
    return Refusal{"steps start from the head that prototypes make, so they come behind them",
                   "set adapt.stages = prototypes, steps"};
  return std::nullopt;
}

// The chains that the table has a row for.
const std::vector<Stages>& chains() {
  using enum StageKind;
  static const std::vector<Stages> all = {{kPrior, kSteps},
                                          {kSteps},
                                          {kPrior},
                                          {kPrior, kPrototypes},
                                          {kPrototypes},
                                          {kPrior, kPrototypes, kSteps},
                                          {kPrototypes, kSteps},
                                          {kPrior, kSupportEncoder},
                                          {kPrior, kSupportEncoder, kSteps},
                                          {kRidge},
                                          {kPrior, kRidge},
                                          {kPrior, kSupportEncoder, kRidge},
                                          {kKernel},
                                          {kPrior, kKernel},
                                          {kPrior, kSupportEncoder, kKernel}};
  return all;
}

constexpr NetworkKind kNetworks[] = {NetworkKind::kTwoTower, NetworkKind::kMlp, NetworkKind::kMf};
constexpr ObjectiveKind kObjectives[] = {ObjectiveKind::kSquared, ObjectiveKind::kBinary};
constexpr Scope kScopes[] = {Scope::kHead, Scope::kDense, Scope::kAll};

// With every scope, whether it goes with the others or not.
std::vector<ModelOptions> in_every_scope(NetworkKind network, const Stages& stages, ObjectiveKind objective) {
  std::vector<ModelOptions> methods;
  for (const auto scope : kScopes) {
    ModelOptions options;
    options.network.kind = network;
    options.objective.kind = objective;
    options.adapt.stages = stages;
    options.adapt.inner.scope = scope;
    methods.push_back(options);
  }
  return methods;
}

// The scopes that go with the others; the reasons of those that do not join `reasons`.
std::string scopes_of(NetworkKind network, const Stages& stages, ObjectiveKind objective,
                      std::set<std::string>& reasons) {
  std::vector<std::string> names;
  for (const auto& options : in_every_scope(network, stages, objective)) {
    if (const auto refusal = refusal_of(options))
      reasons.insert(fmt::format("{}: {}", refusal->reason, refusal->remedy));
    else
      names.push_back(name_of(options.adapt.inner.scope));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::optional<Refusal> refusal_of(const ModelOptions& options) {
  const auto& stages = options.adapt.stages;
  const auto scope = options.adapt.inner.scope;
  if (auto refusal = refusal_of_order(stages)) return refusal;
  if (has(stages, StageKind::kPrototypes) && options.objective.kind != ObjectiveKind::kBinary)
    return Refusal{"prototypes are the means of two classes, which model.objective = squared does not have",
                   "set model.objective = binary, or adapt.stages = prior, steps"};
  if (scope != Scope::kHead && !has(stages, StageKind::kSteps))
    return Refusal{"inner.scope says which layers inner steps change, and without the stage steps there are none",
                   "set inner.scope = head, or add steps to adapt.stages"};
  if (scope == Scope::kDense && options.network.kind == NetworkKind::kMf)
    return Refusal{"model.network = mf has no linear layers for inner.scope = dense",
                   "set inner.scope = head or all, or model.network = mlp"};
  return std::nullopt;
}

std::vector<ModelOptions> all_methods() {
  std::vector<ModelOptions> methods;
  for (const auto network : kNetworks)
    for (const auto& stages : chains())
      for (const auto objective : kObjectives)
        for (const auto& options : in_every_scope(network, stages, objective))
          if (!refusal_of(options)) methods.push_back(options);
  return methods;
}

std::string name_of(const ModelOptions& method) {
  return fmt::format("{}, {}, {}, {}", name_of(method.network.kind), names_of(method.adapt.stages),
                     name_of(method.objective.kind), name_of(method.adapt.inner.scope));
}

std::string methods_table() {
  std::string rows;
  std::set<std::string> reasons;
  for (const auto network : kNetworks) {
    for (const auto& stages : chains()) {
      rows += fmt::format("| {} | {} | {} | {} |\n", name_of(network), names_of(stages),
                          scopes_of(network, stages, ObjectiveKind::kSquared, reasons),
                          scopes_of(network, stages, ObjectiveKind::kBinary, reasons));
    }
  }
  auto text =
      "| model.network | adapt.stages | inner.scope with model.objective = squared | with binary |\n"
      "|---|---|---|---|\n" +
      rows + "\nA gap is refused when the configuration is read:\n\n";
  for (const auto& reason : reasons) text += fmt::format("- {}\n", reason);
  return text;
}

}  // namespace warmstart
