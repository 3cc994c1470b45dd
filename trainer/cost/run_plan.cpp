#include "trainer/cost/run_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/host.h"
#include "base/plural.h"
#include "trainer/training/microbatch_form.h"
#include "trainer/training/rank_limit.h"

namespace warmstart {
namespace {

std::vector<int> planned_ranks(const Learner& model, const TrainOptions& options, std::int64_t asked) {
  if (asked > 0) {
    require_shards(model, asked);
    return {static_cast<int>(asked)};
  }
  std::vector<int> ranks;
  for (std::int64_t each = 1; each <= most_ranks(model, options); each *= 2) ranks.push_back(static_cast<int>(each));
  return ranks;
}

nlohmann::json facts_of(const RankMemory& memory) {
  return {{"parameters", memory.parameters},
          {"optimizer", memory.optimizer},
          {"tables", memory.tables},
          {"beside_rows", memory.beside_rows},
          {"best", memory.best},
          {"checkpoint", memory.checkpoint},
          {"plan", memory.plan},
          {"activations", memory.activations},
          {"total", memory.total()}};
}

}  // namespace

RunPlan::RunPlan(const Dataset& dataset, const ModelOptions& model, const TrainOptions& options,
                 const MachineOptions& machine, bool on_cpu)
    : dataset_(dataset),
      options_(options),
      machine_(machine),
      model_(dataset.schema(), model, options.seed, make_network, home_of(options.tables, dataset.schema(), 0, 1),
             LearnerValues::kNone),
      keeps_best_(options.keep_best && !dataset.tasks_of(Split::kValidation).empty()),
      shares_rows_(form_of_rank(model_, dataset, options, on_cpu) == MicrobatchForm::kSharedRows),
      draws_(dataset, options.episode, options.tasks),
      ranks_(planned_ranks(model_, options, machine.ranks)) {}

StepShape RunPlan::shape(int ranks) const {
  const auto tasks = static_cast<double>(options_.tasks), count = static_cast<double>(ranks);
  StepShape shape = {.ranks = count, .parameters = model_.parameters().count()};
  const auto lookups = draws_.lookups(ranks, shares_rows_);
  const auto& tables = model_.sharded_tables();
  for (const auto& of_kind : tables.lists()) {
    const auto ids = of_kind.ids_of();
    auto& list = shape.lists.emplace_back(StepShape::TableList{lookups[ids], 0.0, 0.0, tables.grow() ? 1.0 : 0.0});
    for (const auto& table : tables.list()) {
      if (table.ids_of != ids) continue;
      list.tables += 1;
      list.widths += static_cast<double>(table.width);
    }
  }
  shape.multiply_adds = model_.multiply_adds();
  shape.encoded_rows = shares_rows_ ? draws_.entities() / count : draws_.rows_of_task() * tasks / count;
  if (!shares_rows_) return shape;
  shape.shared_rows = draws_.entities();
  shape.encoding_width = static_cast<double>(model_.encoding_width());
  shape.listed_rows = tasks / count * draws_.longest();
  return shape;
}

bool RunPlan::fits(int ranks, int here) const {
  return here * training_memory(model_, options_, keeps_best_, ranks).total() <= host_memory_bytes();
}

RunPlan::Delta RunPlan::delta(std::int64_t steps) const {
  const auto rows = draws_.looked_up_after(steps);
  return {rows, delta_bytes(model_, options_, keeps_best_, [&](IdsOf ids) { return rows[ids]; })};
}

// Null where there is none, or where nobody can tell.
nlohmann::json RunPlan::facts_of_delta() const {
  const auto& tables = model_.sharded_tables();
  const auto& save = options_.save;
  if (tables.empty() || tables.grow() || save.full_every == 1 || save.every_steps == 0) return {};
  const auto steps = (save.full_every - 1) * save.every_steps;
  return {{"steps", steps}, {"bytes", delta(steps).bytes}};
}

nlohmann::json RunPlan::facts_of(int ranks) const {
  const auto shape = this->shape(ranks);
  const auto bytes = expected_bytes(shape);
  const auto seconds = expected_seconds(shape, machine_);
  double wanted = 0.0;
  for (const auto& list : shape.lists) wanted += list.wanted;
  return {{"ranks", ranks},
          {"memory_bytes", warmstart::facts_of(training_memory(model_, options_, keeps_best_, ranks))},
          {"rows_looked_up", wanted},
          {"sent_bytes", {{"reduced", bytes.reduced}, {"exchanged", bytes.exchanged}, {"encodings", bytes.encodings}}},
          {"step_seconds",
           {{"arithmetic", seconds.arithmetic},
            {"bytes", seconds.bytes},
            {"messages", seconds.messages},
            {"total", seconds.total()}}},
          {"fit_this_host", fits(ranks, ranks)},
          {"fit_a_host_each", fits(ranks, 1)}};
}

nlohmann::json RunPlan::facts() const {
  auto tables = nlohmann::json::array(), ranks = nlohmann::json::array();
  for (const auto& table : model_.sharded_tables().list())
    tables.push_back(
        {{"name", table.name}, {"rows", model_.sharded_tables().most_rows(table)}, {"width", table.width}});
  for (const auto each : ranks_) ranks.push_back(facts_of(each));
  nlohmann::json facts = {{"parameters", static_cast<std::int64_t>(model_.parameters().count())},
                          {"tables", tables},
                          {"step",
                           {{"tasks", options_.tasks},
                            {"rows_of_task", draws_.rows_of_task()},
                            {"entities", draws_.entities()},
                            {"entity", plural_of(dataset_.schema().entity)}}},
                          {"ranks", ranks},
                          {"host_bytes", host_memory_bytes()},
                          {"checkpoint_bytes", checkpoint_bytes(model_, options_, keeps_best_)},
                          {"disk_bytes", free_disk_bytes(options_.save.run)},
                          {"assumes", assumptions()}};
  if (auto delta = facts_of_delta(); !delta.is_null()) facts["delta"] = std::move(delta);
  return facts;
}

std::vector<std::string> RunPlan::assumptions() const {
  return {
      "each row of a step is drawn by itself from the training rows, and rows looked up are spread evenly over ranks",
      "all ranks are on hosts like this one; memory is what training takes at least, without the rows of a step and "
      "libraries",
      fmt::format("a rank computes {:g} GFLOP/s (plan.gigaflops) and sends {:g} GB/s while it receives as much "
                  "(plan.gigabytes-per-second), a message takes {:g} us (plan.latency-microseconds)",
                  machine_.gigaflops, machine_.gigabytes_per_second, machine_.latency_microseconds),
      "a step's time is that of rows through the network, three times forward, and of bytes and messages behind it; "
      "adaptation is left out, and nothing is hidden behind something else"};
}

void RunPlan::require_fit() const {
  if (std::none_of(ranks_.begin(), ranks_.end(), [&](auto ranks) { return fits(ranks, 1); }))
    require_training_memory(model_, options_, keeps_best_, {ranks_.back(), 1});
  require_disk_of_tables(model_, options_, keeps_best_);
}

}  // namespace warmstart
