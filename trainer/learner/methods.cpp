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
  return stages.empty() ? "(none)" : fmt::format("{}", fmt::join(names, ", "));
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

Stages without(Stages stages, StageKind stage) {
  std::erase(stages, stage);
  return stages;
}

Stages with_first(Stages stages, StageKind first) {
  std::stable_partition(stages.begin(), stages.end(), [=](auto stage) { return stage == first; });
  return stages;
}

Stages with_last(Stages stages, StageKind last) {
  std::stable_partition(stages.begin(), stages.end(), [=](auto stage) { return stage != last; });
  return stages;
}

// The stage that solves for the head.
std::optional<StageKind> solver_of(const Stages& stages) {
  for (const auto solver : {StageKind::kKernel, StageKind::kRidge})
    if (has(stages, solver)) return solver;
  return std::nullopt;
}

// Of stages around one that solves for the head.
std::optional<Refusal> refusal_of_solution(const Stages& stages) {
  if (!solver_of(stages)) return std::nullopt;
  const auto solver = *solver_of(stages);
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
  for (const auto stage : stages) {
    if (std::count(stages.begin(), stages.end(), stage) > 1)
      return Refusal{fmt::format("adapt.stages names {} twice", name_of(stage)), setting_of(each_once(stages))};
  }
  if (has(stages, StageKind::kPrior) && stages.front() != StageKind::kPrior)
    return Refusal{"prior writes the head that other stages change, so it comes first",
                   setting_of(with_first(stages, StageKind::kPrior))};
  if (auto refusal = refusal_of_solution(stages)) return refusal;
  for (const auto writer : {StageKind::kSupportEncoder, StageKind::kPrototypes, StageKind::kGru, StageKind::kLstm,
                            StageKind::kTaskMemory}) {
    if (has(stages, writer) && has(stages, StageKind::kSteps) &&
        place(stages, StageKind::kSteps) < place(stages, writer))
      return Refusal{fmt::format("steps start from the head that {} {}, so they come behind", name_of(writer),
                                 writer == StageKind::kPrototypes ? "make" : "makes"),
                     setting_of(with_last(stages, StageKind::kSteps))};
  }
  return std::nullopt;
}

// Of no stage, which leaves the head to what all tasks share: of classes, that is zeros, and readouts that compare rows
// tell them apart.
std::optional<Refusal> refusal_of_none(const AdaptOptions& adapt, ObjectiveKind objective) {
  const bool compares_classes = adapt.readout != ReadoutKind::kLinear && objective == ObjectiveKind::kClasses;
  if (!adapt.stages.empty() || compares_classes) return std::nullopt;
  return Refusal{
      "adapt.stages names no stage, which adapt.readout = matching or siamese with model.objective = classes "
      "alone can do without",
      "set adapt.stages = prior for none but the prior"};
}

// Of a readout that compares rows with the support's.
std::optional<Refusal> refusal_of_readout(const AdaptOptions& adapt, ObjectiveKind objective) {
  const auto name = name_of(adapt.readout);
  if (adapt.full_context > 0 && adapt.readout != ReadoutKind::kMatching)
    return Refusal{
        fmt::format("adapt.full-context lets the rows that adapt.readout = matching compares see each other, "
                    "and adapt.readout = {} does not look at them so",
                    name),
        "set adapt.full-context = 0, or adapt.readout = matching"};
  if (adapt.readout == ReadoutKind::kLinear) return std::nullopt;
  for (const auto other : {StageKind::kRidge, StageKind::kKernel, StageKind::kPrototypes})
    if (has(adapt.stages, other))
      return Refusal{fmt::format("adapt.readout = {} weighs the support rows' labels by how alike rows are, and the "
                                 "stage {} does that in another way",
                                 name, name_of(other)),
                     "set adapt.readout = linear, or adapt.stages = prior"};
  if (adapt.inner.scope != Scope::kHead)
    return Refusal{fmt::format("adapt.readout = {} compares rows by the features that all tasks share, and with "
                               "inner.scope = {} each task has its own",
                               name, name_of(adapt.inner.scope)),
                   "set inner.scope = head, or adapt.readout = linear"};
  if (adapt.readout == ReadoutKind::kSiamese && objective == ObjectiveKind::kClasses && adapt.contrast.alike > 0.0)
    return Refusal{fmt::format("adapt.contrast-alike = {} tells rows of a kind by how near their labels are, and with "
                               "model.objective = classes labels are names",
                               adapt.contrast.alike),
                   "set adapt.contrast-alike = 0"};
  return std::nullopt;
}

// Of stages that read the support rows in time order.
std::optional<Refusal> refusal_of_reading(const AdaptOptions& options) {
  const auto& stages = options.stages;
  if (has(stages, StageKind::kGru) && has(stages, StageKind::kLstm))
    return Refusal{"gru and lstm read the same rows for the same head", setting_of(without(stages, StageKind::kLstm))};
  const auto reader = has(stages, StageKind::kLstm) ? StageKind::kLstm : StageKind::kGru;
  const bool solves = has(stages, StageKind::kRidge) || has(stages, StageKind::kKernel);
  if (!has(stages, reader) || !solves || options.leave_one_out == 0.0) return std::nullopt;
  return Refusal{fmt::format("adapt.leave-one-out wants the head without each support row, for which {} would read the "
                             "others again every time",
                             name_of(reader)),
                 "set adapt.leave-one-out = 0, or adapt.stages = prior, support-encoder, ridge"};
}

bool has_hidden_layers(const NetworkOptions& network) {
  return network.kind != NetworkKind::kMf && network.kind != NetworkKind::kContent && !network.tower.empty();
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
  if (inner.warp && (head_alone || !has_hidden_layers(options.network)))
    return Refusal{"inner.warp puts layers behind hidden layers that adapt, and there are none",
                   "set inner.warp = false, or inner.scope = dense, model.network = mlp and model.tower"};
  if (inner.tower_pull > 0.0 && head_alone)
    return Refusal{"inner.tower-pull pulls layers outside the head, which inner.scope = head leaves as they are",
                   "set inner.tower-pull = 0, or inner.scope = dense"};
  return std::nullopt;
}

// Of towers that each item and each user go through once, for all tasks.
std::optional<Refusal> refusal_of_entity_towers(const ModelOptions& options) {
  if (options.network.kind != NetworkKind::kEntityTowers) return std::nullopt;
  const std::string towers = "model.network = entity-towers computes each item and each user once for all tasks, and ";
  const auto scope = options.adapt.inner.scope;
  if (scope != Scope::kHead)
    return Refusal{towers + fmt::format("with inner.scope = {} each task has layers of its own", name_of(scope)),
                   "set inner.scope = head, or model.network = two-tower"};
  if (options.objective.kind == ObjectiveKind::kClasses)
    return Refusal{
        "model.network = entity-towers has a tower for users, and rows of model.objective = classes have none",
        "set model.network = two-tower"};
  if (options.adapt.modulation)
    return Refusal{towers + "with adapt.modulation each task scales layers in its own way",
                   "set adapt.modulation = false, or model.network = two-tower"};
  return std::nullopt;
}

// Of gains and shifts of hidden layers.
std::optional<Refusal> refusal_of_modulation(const ModelOptions& options) {
  const auto& adapt = options.adapt;
  const auto& stages = adapt.stages;
  if (!adapt.modulation) return std::nullopt;
  if (!has_hidden_layers(options.network))
    return Refusal{"adapt.modulation scales and shifts hidden layers, and there are none",
                   "set adapt.modulation = false, or model.network = mlp and model.tower"};
  const auto writes = [&](StageKind stage) { return has(stages, stage); };
  const bool of_rows = writes(StageKind::kSupportEncoder) || writes(StageKind::kGru) || writes(StageKind::kLstm);
  if (!of_rows && !writes(StageKind::kPrior))
    return Refusal{"adapt.modulation is written by the stages prior, support-encoder, gru and lstm, and there is none",
                   "set adapt.modulation = false, or adapt.stages = prior, support-encoder, steps"};
  if (of_rows && solver_of(stages) && adapt.leave_one_out > 0.0)
    return Refusal{
        "adapt.leave-one-out wants each support row's features without the row, and with adapt.modulation "
        "they are read off all rows",
        "set adapt.leave-one-out = 0, or adapt.modulation = false"};
  if (adapt.readout != ReadoutKind::kLinear)
    return Refusal{fmt::format("adapt.readout = {} compares rows by the features that all tasks share, and with "
                               "adapt.modulation each task has its own",
                               name_of(adapt.readout)),
                   "set adapt.modulation = false, or adapt.readout = linear"};
  return std::nullopt;
}

// Of stages that make nothing of what the objective predicts.
std::optional<Refusal> refusal_of_objective(const Stages& stages, ObjectiveKind objective) {
  if (has(stages, StageKind::kPrototypes) && objective != ObjectiveKind::kBinary &&
      objective != ObjectiveKind::kClasses)
    return Refusal{fmt::format("prototypes are the means of classes, which model.objective = {} does not have",
                               name_of(objective)),
                   "set model.objective = binary or classes, or adapt.stages = prior, steps"};
  if (ranks(objective) && solver_of(stages))
    return Refusal{fmt::format("{} fits each row's output to a response of its own, and model.objective = {} costs a "
                               "task's rows together",
                               name_of(*solver_of(stages)), name_of(objective)),
                   setting_of({StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kSteps})};
  return std::nullopt;
}

// The chains that the table has a row for, each with the readouts that do.
const std::vector<Stages>& chains_with(ReadoutKind readout) {
  using enum StageKind;
  static const std::vector<Stages> comparing = {{}, {kPrior}, {kPrior, kSteps}, {kPrior, kSupportEncoder}};
  if (readout != ReadoutKind::kLinear) return comparing;
  static const std::vector<Stages> all = {{kPrior, kSteps},
                                          {kSteps},
                                          {kPrior},
                                          {kPrior, kPrototypes},
                                          {kPrototypes},
                                          {kPrior, kPrototypes, kSteps},
                                          {kPrototypes, kSteps},
                                          {kSupportEncoder},
                                          {kPrior, kSupportEncoder},
                                          {kPrior, kSupportEncoder, kSteps},
                                          {kGru},
                                          {kPrior, kGru},
                                          {kPrior, kGru, kSteps},
                                          {kPrior, kLstm},
                                          {kPrior, kLstm, kSteps},
                                          {kPrior, kTaskMemory, kSteps},
                                          {kPrior, kTaskMemory, kRidge},
                                          {kRidge},
                                          {kPrior, kRidge},
                                          {kPrior, kSupportEncoder, kRidge},
                                          {kKernel},
                                          {kPrior, kKernel},
                                          {kPrior, kSupportEncoder, kKernel}};
  return all;
}

// A row of the table.
struct Row {
  NetworkKind network;
  Stages stages;
  ReadoutKind readout;
  int full_context = 0;
};

constexpr int kStepsOfContext = 2;

std::vector<Row> rows_of_table() {
  std::vector<Row> rows;
  for (const auto network : values_of<NetworkKind>()) {
    for (const auto readout : values_of<ReadoutKind>())
      for (const auto& stages : chains_with(readout)) rows.push_back({network, stages, readout});
    for (const auto& stages : chains_with(ReadoutKind::kMatching))
      rows.push_back({network, stages, ReadoutKind::kMatching, kStepsOfContext});
  }
  return rows;
}

std::string name_of_readout(ReadoutKind readout, int full_context) {
  return name_of(readout) + (full_context > 0 ? " in full context" : "");
}

// With every scope, whether it goes with the others or not.
std::vector<ModelOptions> in_every_scope(const Row& row, ObjectiveKind objective) {
  std::vector<ModelOptions> methods;
  for (const auto scope : values_of<Scope>()) {
    ModelOptions options;
    options.network.kind = row.network;
    options.objective.kind = objective;
    options.adapt.stages = row.stages;
    options.adapt.readout = row.readout;
    options.adapt.full_context = row.full_context;
    options.adapt.inner.scope = scope;
    methods.push_back(options);
  }
  return methods;
}

// The scopes that go with the others; the reasons of those that do not join `reasons`.
std::string scopes_of(const Row& row, ObjectiveKind objective, std::set<std::string>& reasons) {
  std::vector<std::string> names;
  for (const auto& options : in_every_scope(row, objective)) {
    if (const auto refusal = refusal_of(options))
      reasons.insert(fmt::format("{}: {}", refusal->reason, refusal->remedy));
    else
      names.push_back(name_of(options.adapt.inner.scope));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

bool has_method(const Row& row) {
  const auto is_one = [](const ModelOptions& options) { return !refusal_of(options); };
  const auto objectives = values_of<ObjectiveKind>();
  return std::any_of(objectives.begin(), objectives.end(), [&](auto objective) {
    const auto methods = in_every_scope(row, objective);
    return std::any_of(methods.begin(), methods.end(), is_one);
  });
}

// A line of the table, with a place {} for the networks.
std::string cells_of(const Row& row, std::set<std::string>& reasons) {
  auto cells = fmt::format("| {} | {} | {{}} |", names_of(row.stages), name_of_readout(row.readout, row.full_context));
  for (const auto objective : values_of<ObjectiveKind>())
    cells += fmt::format(" {} |", scopes_of(row, objective, reasons));
  return cells + "\n";
}

}  // namespace

std::optional<Refusal> refusal_of(const ModelOptions& options) {
  const auto& stages = options.adapt.stages;
  const auto scope = options.adapt.inner.scope;
  if (auto refusal = refusal_of_none(options.adapt, options.objective.kind)) return refusal;
  if (auto refusal = refusal_of_order(stages)) return refusal;
  if (auto refusal = refusal_of_readout(options.adapt, options.objective.kind)) return refusal;
  if (auto refusal = refusal_of_reading(options.adapt)) return refusal;
  if (auto refusal = refusal_of_objective(stages, options.objective.kind)) return refusal;
  if (scope != Scope::kHead && !has(stages, StageKind::kSteps))
    return Refusal{"inner.scope says which layers inner steps change, and without the stage steps there are none",
                   "set inner.scope = head, or add steps to adapt.stages"};
  if (scope == Scope::kDense && options.network.kind == NetworkKind::kMf)
    return Refusal{"model.network = mf has no linear layers for inner.scope = dense",
                   "set inner.scope = head or all, or model.network = mlp"};
  if (auto refusal = refusal_of_entity_towers(options)) return refusal;
  if (auto refusal = refusal_of_modulation(options)) return refusal;
  return refusal_of_steps(options);
}

std::vector<ModelOptions> all_methods() {
  std::vector<ModelOptions> methods;
  for (const auto& row : rows_of_table())
    for (const auto objective : values_of<ObjectiveKind>())
      for (const auto& options : in_every_scope(row, objective))
        if (!refusal_of(options)) methods.push_back(options);
  return methods;
}

std::string name_of(const ModelOptions& method) {
  const auto& adapt = method.adapt;
  const auto readout =
      adapt.readout == ReadoutKind::kLinear ? "" : name_of_readout(adapt.readout, adapt.full_context) + ", ";
  return fmt::format("{}, {}, {}{}, {}", name_of(method.network.kind), names_of(adapt.stages), readout,
                     name_of(method.objective.kind), name_of(adapt.inner.scope));
}

std::string methods_table() {
  std::set<std::string> reasons;
  // Networks that go with the same share a row.
  std::vector<std::pair<std::string, std::vector<std::string>>> rows;
  for (const auto& row : rows_of_table()) {
    const auto cells = cells_of(row, reasons);
    if (!has_method(row)) continue;
    auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& of) { return of.first == cells; });
    if (found == rows.end()) found = rows.insert(rows.end(), {cells, {}});
    found->second.push_back(name_of(row.network));
  }
  std::string columns;
  for (std::size_t i = 0; i < enum_names<ObjectiveKind>().size(); ++i) columns += "---|";
  auto text = fmt::format(
      "| adapt.stages | adapt.readout | model.network | inner.scope with model.objective = {} |\n|---|---|---|{}\n",
      fmt::join(enum_names<ObjectiveKind>(), " | with "), columns);
  for (const auto& [cells, networks] : rows) text += fmt::format(fmt::runtime(cells), fmt::join(networks, ", "));
  text += "\nA gap is refused when the configuration is read:\n\n";
  for (const auto& reason : reasons) text += fmt::format("- {}\n", reason);
  return text;
}

}  // namespace warmstart
