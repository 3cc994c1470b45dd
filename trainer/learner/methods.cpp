#include "trainer/learner/methods.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace warmstart {
namespace {

using Stages = std::vector<StageKind>;

template <typename Enum>
std::string name_of(Enum value) {
  return nlohmann::json(value).get<std::string>();
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

std::optional<Refusal> refusal_of_order(const Stages& stages) {
  if (stages.empty()) return Refusal{"adapt.stages names no stage", "set adapt.stages = prior for none but the prior"};
  for (const auto stage : stages) {
    if (std::count(stages.begin(), stages.end(), stage) > 1)
      return Refusal{fmt::format("adapt.stages names {} twice", name_of(stage)), "name each stage once"};
  }
  if (has(stages, StageKind::kPrior) && stages.front() != StageKind::kPrior)
    return Refusal{"prior writes the head that other stages change, so it comes first", "name prior first"};
  if (has(stages, StageKind::kPrototypes) && has(stages, StageKind::kSteps) &&
      place(stages, StageKind::kSteps) < place(stages, StageKind::kPrototypes))
    return Refusal{"steps start from the head that prototypes make, so they come behind them",
                   "set adapt.stages = prototypes, steps"};
  return std::nullopt;
}

// The chains that the table has a row for.
const std::vector<Stages>& chains() {
  using enum StageKind;
  static const std::vector<Stages> all = {{kPrior, kSteps},      {kSteps},      {kPrior},
                                          {kPrior, kPrototypes}, {kPrototypes}, {kPrior, kPrototypes, kSteps},
                                          {kPrototypes, kSteps}};
  return all;
}

class Table {
 public:
  std::string text() {
    std::string rows;
    for (const auto network : {NetworkKind::kTwoTower, NetworkKind::kMlp, NetworkKind::kMf}) {
      for (const auto& stages : chains()) {
        rows += fmt::format("| {} | {} | {} | {} |\n", name_of(network), names_of(stages),
                            scopes(network, stages, ObjectiveKind::kSquared),
                            scopes(network, stages, ObjectiveKind::kBinary));
      }
    }
    auto text =
        "| model.network | adapt.stages | inner.scope with model.objective = squared | with binary |\n"
        "|---|---|---|---|\n" +
        rows + "\nA gap is refused when the configuration is read:\n\n";
    for (const auto& reason : reasons_) text += fmt::format("- {}\n", reason);
    return text;
  }

 private:
  std::string scopes(NetworkKind network, const Stages& stages, ObjectiveKind objective) {
    std::vector<std::string> names;
    for (const auto scope : {Scope::kHead, Scope::kDense, Scope::kAll}) {
      ModelOptions options;
      options.network.kind = network;
      options.objective.kind = objective;
      options.adapt.stages = stages;
      options.adapt.inner.scope = scope;
      if (const auto refusal = refusal_of(options))
        reasons_.insert(fmt::format("{}: {}", refusal->reason, refusal->remedy));
      else
        names.push_back(name_of(scope));
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  std::set<std::string> reasons_;
};

}  // namespace

std::optional<Refusal> refusal_of(const ModelOptions& options) {
  const auto& stages = options.adapt.stages;
  const auto scope = options.adapt.inner.scope;
  if (const auto refusal = refusal_of_order(stages)) return refusal;
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

std::string methods_table() { return Table().text(); }

}  // namespace warmstart
