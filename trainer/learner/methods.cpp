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

// All that configurations can name.
template <typename Enum>
std::vector<Enum> values_of() {
  std::vector<Enum> values;
  for (const auto& name : enum_names<Enum>()) values.push_back(nlohmann::json(name).get<Enum>());
  return values;
}

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

std::string setting_of(const Stages& stages) { return "set adapt.stages = " + names_of(stages); }

Stages each_once(const Stages& stages) {
  Stages once;
  for (const auto stage : stages)
    if (!has(once, stage)) once.push_back(stage);
  return once;
}

Stages with_first(Stages stages, StageKind first) {
  std::stable_partition(stages.begin(), stages.end(), [=](auto stage) { return stage == first; });
  return stages;
}

Stages with_last(Stages stages, StageKind last) {
  std::stable_partition(stages.begin(), stages.end(), [=](auto stage) { return stage != last; });
  return stages;
}

// Of stages around one that solves for the head.
std::optional<Refusal> refusal_of_solution(const Stages& stages) {
  const auto solver = has(stages, StageKind::kKernel) ? StageKind::kKernel : StageKind::kRidge;
  if (!has(stages, solver)) return std::nullopt;
  for (const auto other : {StageKind::kRidge, StageKind::kSteps, StageKind::kPrototypes}) {
    if (other != solver && has(stages, other))
      return Refusal{fmt::format("{} finds the head that {} would look for, too", name_of(solver), name_of(other)),
                     setting_of({StageKind::kPrior, StageKind::kSupportEncoder, solver})};
  }
  if (stages.back() != solver)
    return Refusal{
        fmt::format("{} solves for the head that other stages start from, so it comes last", name_of(solver)),
        setting_of(with_last(stages, solver))};
  return std::nullopt;
}

std::optional<Refusal> refusal_of_order(const Stages& stages) {
  if (stages.empty()) return Refusal{"adapt.stages names no stage", "set adapt.stages = prior for none but the prior"};
  for (const auto stage : stages) {
    if (std::count(stages.begin(), stages.end(), stage) > 1)
      return Refusal{fmt::format("adapt.stages names {} twice", name_of(stage)), setting_of(each_once(stages))};
  }
  if (has(stages, StageKind::kPrior) && stages.front() != StageKind::kPrior)
    return Refusal{"prior writes the head that other stages change, so it comes first",
                   setting_of(with_first(stages, StageKind::kPrior))};
  if (auto refusal = refusal_of_solution(stages)) return refusal;
  if (has(stages, StageKind::kSupportEncoder) && has(stages, StageKind::kSteps) &&
      place(stages, StageKind::kSteps) < place(stages, StageKind::kSupportEncoder))
    return Refusal{"steps start from the head that support-encoder makes, so they come behind it",
                   setting_of(with_last(stages, StageKind::kSteps))};
  if (has(stages, StageKind::kPrototypes) && has(stages, StageKind::kSteps) &&
      place(stages, StageKind::kSteps) < place(stages, StageKind::kPrototypes))
    return Refusal{"steps start from the head that prototypes make, so they come behind them",
                   setting_of(with_last(stages, StageKind::kSteps))};
  return std::nullopt;
}

// Of what inner steps learn, where it would change nothing.
std::optional<Refusal> refusal_of_steps(const ModelOptions& options) {
  const auto& inner = options.adapt.inner;
  const bool is_mf = options.network.kind == NetworkKind::kMf, head_alone = inner.scope == Scope::kHead;
  const bool each_weight = inner.rates == InnerRates::kElementwise;
  if (each_weight && (head_alone || is_mf))
    return Refusal{
        "inner.rates = elementwise differs from per-parameter in linear layers that adapt, and there are none",
        "set inner.rates = per-parameter, or inner.scope = dense and model.network = mlp"};
  if (each_weight && inner.form != Form::kWeights)
    return Refusal{"inner.rates = elementwise is of each weight, and only formed weights can have such rates",
                   "set inner.form = weights, or inner.rates = per-parameter"};
  if (inner.warp && (head_alone || is_mf || options.network.tower.empty()))
    return Refusal{"inner.warp puts layers behind hidden layers that adapt, and there are none",
                   "set inner.warp = false, or inner.scope = dense, model.network = mlp and model.tower"};
  if (inner.tower_pull > 0.0 && head_alone)
    return Refusal{"inner.tower-pull pulls layers outside the head, which inner.scope = head leaves as they are",
                   "set inner.tower-pull = 0, or inner.scope = dense"};
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

// With every scope, whether it goes with the others or not.
std::vector<ModelOptions> in_every_scope(NetworkKind network, const Stages& stages, ObjectiveKind objective) {
  std::vector<ModelOptions> methods;
  for (const auto scope : values_of<Scope>()) {
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
    return Refusal{fmt::format("prototypes are the means of two classes, which model.objective = {} does not have",
                               name_of(options.objective.kind)),
                   "set model.objective = binary, or adapt.stages = prior, steps"};
  if (scope != Scope::kHead && !has(stages, StageKind::kSteps))
    return Refusal{"inner.scope says which layers inner steps change, and without the stage steps there are none",
                   "set inner.scope = head, or add steps to adapt.stages"};
  if (scope == Scope::kDense && options.network.kind == NetworkKind::kMf)
    return Refusal{"model.network = mf has no linear layers for inner.scope = dense",
                   "set inner.scope = head or all, or model.network = mlp"};
  return refusal_of_steps(options);
}

std::vector<ModelOptions> all_methods() {
  std::vector<ModelOptions> methods;
  for (const auto network : values_of<NetworkKind>())
    for (const auto& stages : chains())
      for (const auto objective : values_of<ObjectiveKind>())
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
  for (const auto network : values_of<NetworkKind>()) {
    for (const auto& stages : chains()) {
      rows += fmt::format("| {} | {} |", name_of(network), names_of(stages));
      for (const auto objective : values_of<ObjectiveKind>())
        rows += fmt::format(" {} |", scopes_of(network, stages, objective, reasons));
      rows += "\n";
    }
  }
  std::string columns;
  for (std::size_t i = 0; i < enum_names<ObjectiveKind>().size(); ++i) columns += "---|";
  auto text = fmt::format("| model.network | adapt.stages | inner.scope with model.objective = {} |\n|---|---|{}\n",
                          fmt::join(enum_names<ObjectiveKind>(), " | with "), columns) +
              rows + "\nA gap is refused when the configuration is read:\n\n";
  for (const auto& reason : reasons) text += fmt::format("- {}\n", reason);
  return text;
}

}  // namespace warmstart
