#include "trainer/training/training_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/host.h"
#include "base/plural.h"
#include "trainer/learner/memory_estimate.h"

namespace warmstart {
namespace {

constexpr double kMoments = 2, kBytesOfStep = 8, kBytesOfPlace = 8;
constexpr double kGradients = 1;

double bytes_beside_row(RowRule rule, std::int64_t width) {
  if (rule == RowRule::kLazyAdam) return kMoments * kBytesOfValue * static_cast<double>(width) + kBytesOfStep;
  return (rule == RowRule::kRowwiseAdagrad ? kBytesOfValue : 0.0) + kBytesOfStep;
}

// In a checkpoint.
double bytes_of_row(RowRule rule, std::int64_t width, bool keeps_best) {
  return (keeps_best ? 2 : 1) * kBytesOfValue * static_cast<double>(width) + bytes_beside_row(rule, width);
}
double bytes_of_vectors(const Learner& model, bool keeps_best) {
  return (1 + kMoments + (keeps_best ? 1 : 0)) * kBytesOfValue * model.parameters().count();
}

// Calls use(places, width) for the places of each table on a rank that holds the most shards.
template <typename Use>
void for_each_table(const Learner& model, int ranks, const Use& use) {
  const auto shards = (kVirtualShards + ranks - 1) / ranks;
  for (const auto& table : model.sharded_tables().list())
    use(static_cast<double>(table.places.per_shard() * shards), table.width);
}

double activations_of_microbatch(const Learner& model, const TrainOptions& options) {
  // A support row and a query row of each task, with what the network makes of them.
  const auto& network = model.options().network;
  const double width = static_cast<double>(network.embedding + model.network().features() + 1) +
                       std::accumulate(network.tower.begin(), network.tower.end(), 0.0);
  return 2 * kBytesOfValue * width * static_cast<double>(options.tasks) / static_cast<double>(options.microbatches);
}

std::string on_ranks(RanksOfHost ranks) {
  return ranks.ranks == 1 ? "" : fmt::format(" on {} ranks, {} of them here", ranks.ranks, ranks.here);
}

const ShardedTable& largest_table(const ShardedTables& tables) {
  const auto numbers = [&](const ShardedTable& table) {
    return static_cast<double>(tables.most_rows(table)) * static_cast<double>(table.width);
  };
  return *std::max_element(tables.list().begin(), tables.list().end(),
                           [&](const auto& a, const auto& b) { return numbers(a) < numbers(b); });
}

std::string title_of_tables(const Learner& model, const TrainOptions& options) {
  const auto& tables = model.sharded_tables();
  const auto& table = largest_table(tables);
  return fmt::format("table '{}' of {}{} rows of {} with what tables.optimizer = {} keeps beside each row", table.name,
                     tables.grow() ? "up to " : "", tables.most_rows(table), table.width,
                     nlohmann::json(options.tables.optimizer).get<std::string>());
}

}  // namespace

double RankMemory::total() const {
  return parameters + optimizer + tables + beside_rows + best + checkpoint + plan + activations;
}

RankMemory training_memory(const Learner& model, const TrainOptions& options, bool keeps_best, int ranks) {
  const double parameters = kBytesOfValue * model.parameters().count();
  RankMemory memory = {.parameters = parameters,
                       .optimizer = (kGradients + kMoments) * parameters,
                       .best = keeps_best ? parameters : 0.0,
                       .plan = static_cast<double>(options.tasks) * sizeof(Episode),
                       .activations = activations_of_microbatch(model, options)};
  const bool on_disk = !options.tables.spill.empty();
  for_each_table(model, ranks, [&](double places, std::int64_t width) {
    if (on_disk) {
      memory.beside_rows += places * kBytesOfStep;
      return;
    }
    const auto values = places * kBytesOfValue * static_cast<double>(width);
    memory.tables += values;
    memory.beside_rows += places * bytes_beside_row(options.tables.optimizer, width);
    if (keeps_best) memory.best += values;
  });
  if (!options.save.run.empty() && !on_disk) memory.checkpoint = checkpoint_bytes(model, options, keeps_best) / ranks;
  return memory;
}

double checkpoint_bytes(const Learner& model, const TrainOptions& options, bool keeps_best) {
  auto bytes = bytes_of_vectors(model, keeps_best);
  for_each_table(model, 1, [&](double places, std::int64_t width) {
    bytes += places * bytes_of_row(options.tables.optimizer, width, keeps_best);
  });
  return bytes;
}

double delta_bytes(const Learner& model, const TrainOptions& options, bool keeps_best,
                   const std::function<double(IdsOf)>& changed_rows) {
  auto bytes = bytes_of_vectors(model, keeps_best);
  for (const auto& table : model.sharded_tables().list())
    bytes +=
        changed_rows(table.ids_of) * (bytes_of_row(options.tables.optimizer, table.width, keeps_best) + kBytesOfPlace);
  return bytes;
}

void require_training_memory(const Learner& model, const TrainOptions& options, bool keeps_best, RanksOfHost ranks) {
  const auto memory = training_memory(model, options, keeps_best, ranks.ranks);
  const auto here = static_cast<double>(ranks.here);
  require_memory(here * (memory.parameters + memory.optimizer),
                 fmt::format("{}: the {:.4g} parameters, their gradient and two moments{}", widths(model.options()),
                             model.parameters().count(), on_ranks(ranks)));
  require_memory(here * memory.plan,
                 fmt::format("train.tasks = {}: the plan of a meta-step{}", options.tasks, on_ranks(ranks)));
  require_memory(here * memory.activations,
                 fmt::format("train.tasks = {}, train.microbatches = {}: the activations of a microbatch{}",
                             options.tasks, options.microbatches, on_ranks(ranks)));
  if (model.sharded_tables().empty()) return;
  require_memory(here * memory.total(), fmt::format("{} and all else that training holds{} (warmstart plan tells what)",
                                                    title_of_tables(model, options), on_ranks(ranks)));
}

void require_disk_of_tables(const Learner& model, const TrainOptions& options, bool keeps_best) {
  if (model.sharded_tables().empty() || options.save.run.empty()) return;
  const auto bytes = checkpoint_bytes(model, options, keeps_best), free = free_disk_bytes(options.save.run);
  require(bytes <= free,
          fmt::format("{}: a checkpoint takes {} of the disk, and {} are free there; free some space, or set train.run "
                      "to a folder on another disk",
                      title_of_tables(model, options), in_units(bytes), in_units(free)));
}

double free_disk_bytes(const std::filesystem::path& run) {
  auto folder = std::filesystem::absolute(run);
  while (!std::filesystem::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  return unknown ? std::numeric_limits<double>::infinity() : static_cast<double>(space.available);
}

}  // namespace warmstart
