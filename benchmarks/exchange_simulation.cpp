// The exchange of table rows between 64 to 4,096 ranks, simulated: how many rows the busiest rank has to serve over the
// mean of all, and what follows for a meta-step's time.  docs/scaling.md has the figures.
//
//   build/release/benchmarks/exchange_simulation balance [DATASET]   ranks draw tasks of a data set, or ids by Zipf's
//                                                                    law (exponent 1.1, 10^7 ids)
//   build/release/benchmarks/exchange_simulation times               of 8, 64 and 512 GPUs, by the formulas of
//                                                                    trainer/cost, which `warmstart plan` has, too
//   build/release/benchmarks/exchange_simulation stragglers          the slowest of so many ranks over their mean
//
// Prints a JSON object a line.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/random.h"
#include "data/dataset.h"
#include "trainer/cost/step_cost.h"

namespace warmstart {
namespace {

using Ids = std::vector<std::int64_t>;
using DrawIds = std::function<Ids(RandomStream&)>;  // that a rank looks up in a meta-step, with repetitions

constexpr std::int64_t kTasks = 8, kRows = 50;  // of a rank in a meta-step, and of a task
constexpr std::int64_t kZipfIds = 10'000'000;
constexpr double kZipfExponent = 1.1;
constexpr std::uint64_t kSteps = 5;
constexpr double kTableWidth = 32;

class ZipfIds {
 public:
  ZipfIds() : cumulative_(kZipfIds), scattered_(kZipfIds, 0, Purpose::kSynthesize, 0) {
    double sum = 0.0;
    for (std::size_t rank = 0; rank < cumulative_.size(); ++rank)
      cumulative_[rank] = sum += std::pow(static_cast<double>(rank + 1), -kZipfExponent);
  }
  // Popular ids first, or all over the table.
  Ids draw(RandomStream& random, std::int64_t count, bool popular_first) const {
    Ids ids;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = random.uniform() * cumulative_.back();
      const auto popularity = std::lower_bound(cumulative_.begin(), cumulative_.end(), at) - cumulative_.begin();
      ids.push_back(popular_first ? popularity
                                  : static_cast<std::int64_t>(scattered_(static_cast<std::uint64_t>(popularity))));
    }
    return ids;
  }

 private:
  std::vector<double> cumulative_;
  Permutation scattered_;
};

Ids ids_of_tasks(const Dataset& dataset, const std::vector<std::int64_t>& tasks, RandomStream& random) {
  Ids ids;
  for (std::int64_t i = 0; i < kTasks; ++i) {
    const auto entities = dataset.task(tasks[random.below(tasks.size())]).rows.entity;
    const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(entities.size(), kRows));
    for (const auto row : sample_without_replacement(random, static_cast<std::uint32_t>(entities.size()), count))
      ids.push_back(entities[row]);
  }
  return ids;
}

Ids distinct(Ids ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// How rows are spread over so many virtual shards, a power of two: as RowPlaces and shards_of place them, or so that
// ids next to each other lie far apart, too: by the reversed bits of an id within its group.
struct Placement {
  std::int64_t shards;
  bool reversed;
  auto operator<=>(const Placement&) const = default;
};

std::int64_t holder_of(std::int64_t id, const Placement& placement, std::int64_t ranks) {
  const auto shards = placement.shards;
  const auto bits = std::countr_zero(static_cast<std::uint64_t>(shards));
  const auto group = static_cast<std::uint64_t>(id / shards);
  const auto hash = static_cast<std::int64_t>((group * 0x9E3779B97F4A7C15ULL) >> (64 - bits));
  auto within = id % shards;
  if (placement.reversed) {
    std::int64_t reversed = 0;
    for (int bit = 0; bit < bits; ++bit) reversed |= (within >> bit & 1) << (bits - 1 - bit);
    within = reversed;
  }
  return (within ^ hash) * ranks / shards;
}

struct Balance {
  double wanted = 0.0;   // rows that a rank wants, mean
  double served = 0.0;   // rows that a rank serves to others, mean
  double most = 0.0;     // of the busiest rank
  double hottest = 0.0;  // ranks that want the id that most of them want
};

// Of one meta-step.  The `cached` most wanted rows are every rank's own.
Balance balance_of(const std::vector<Ids>& wanted, const Placement& placement, std::size_t cached) {
  const auto ranks = static_cast<std::int64_t>(wanted.size());
  std::map<std::int64_t, std::int64_t> wishes;
  for (const auto& ids : wanted)
    for (const auto id : ids) ++wishes[id];
  std::vector<std::pair<std::int64_t, std::int64_t>> by_wishes;
  for (const auto& [id, count] : wishes) by_wishes.emplace_back(count, id);
  std::sort(by_wishes.rbegin(), by_wishes.rend());
  std::vector<double> served(wanted.size());
  Balance balance = {.hottest = static_cast<double>(by_wishes.front().first)};
  for (std::size_t i = std::min(cached, by_wishes.size()); i < by_wishes.size(); ++i) {
    const auto [count, id] = by_wishes[i];
    served[static_cast<std::size_t>(holder_of(id, placement, ranks))] += static_cast<double>(count);
    balance.wanted += static_cast<double>(count) / static_cast<double>(ranks);
  }
  balance.served = std::accumulate(served.begin(), served.end(), 0.0) / static_cast<double>(ranks);
  balance.most = *std::max_element(served.begin(), served.end());
  return balance;
}

std::vector<Ids> wanted_by_ranks(const DrawIds& draw, std::int64_t ranks, std::uint64_t step) {
  std::vector<Ids> wanted;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    RandomStream random(step, Purpose::kSynthesize, static_cast<std::uint64_t>(rank));
    wanted.push_back(distinct(draw(random)));
  }
  return wanted;
}

void print_balance(const DrawIds& draw, const std::string& ids) {
  for (const std::int64_t ranks : {8, 64, 256, 1024, 4096}) {
    std::map<std::pair<Placement, std::size_t>, Balance> sums;
    for (std::uint64_t step = 0; step < kSteps; ++step) {
      const auto wanted = wanted_by_ranks(draw, ranks, step);
      for (const auto& placement : {Placement{64, false}, {4096, false}, {4096, true}})
        for (const std::size_t cached : {0, 64, 1024}) {
          if (placement.shards < ranks) continue;
          const auto found = balance_of(wanted, placement, cached);
          auto& sum = sums[{placement, cached}];
          sum.wanted += found.wanted / kSteps;
          sum.served += found.served / kSteps;
          sum.most += found.most / kSteps;
          sum.hottest += found.hottest / kSteps;
        }
    }
    for (const auto& [key, mean] : sums)
      fmt::print("{}\n", nlohmann::json{{"ids", ids},
                                        {"ranks", ranks},
                                        {"shards", key.first.shards},
                                        {"reversed", key.first.reversed},
                                        {"cached_rows", key.second},
                                        {"wanted_rows", mean.wanted},
                                        {"ranks_that_want_the_hottest", mean.hottest},
                                        {"most_over_mean", mean.most / std::max(mean.served, 1e-9)}}
                             .dump());
  }
}

// The largest of `ranks` times with mean 1 and deviation `spread`, normal; mean over many steps.
double slowest(std::int64_t ranks, double spread) {
  constexpr std::uint64_t kMany = 200;
  double sum = 0.0;
  for (std::uint64_t step = 0; step < kMany; ++step) {
    RandomStream random(step, Purpose::kSynthesize, 1);
    double most = 0.0;
    for (std::int64_t rank = 0; rank < ranks; ++rank) most = std::max(most, 1.0 + spread * random.normal());
    sum += most;
  }
  return sum / static_cast<double>(kMany);
}

void print_stragglers() {
  for (const std::int64_t ranks : {8, 64, 256, 1024, 4096})
    for (const double spread : {0.02, 0.1})
      fmt::print("{}\n",
                 nlohmann::json{{"ranks", ranks}, {"deviation", spread}, {"slowest_over_mean", slowest(ranks, spread)}}
                     .dump());
}

// A two-tower network (embedding 32, tower 256 and 128, 64 features) with a table of the ids' embeddings and one of
// their biases, 64 tasks of 60 rows on each GPU, 10^13 operations a second.
StepShape shape_of(double ranks, double wanted) {
  constexpr double kRowsOfGpu = 64 * 60, kMultiplyAdds = 32 * 256 + 256 * 128 + (128 + 32) * 65;
  return {.ranks = ranks,
          .parameters = kMultiplyAdds + 256 + 128 + 65,
          .lists = {{wanted, 1, kTableWidth}, {wanted, 1, 1}},
          .encoded_rows = kRowsOfGpu,
          .multiply_adds = kMultiplyAdds};
}

void print_times() {
  struct Network {
    const char* name;
    double gigabytes_per_second, latency_microseconds;
  };
  const ZipfIds zipf;
  RandomStream random(0, Purpose::kSynthesize, 0);
  const auto wanted = static_cast<double>(distinct(zipf.draw(random, 64 * 60, false)).size());
  for (const auto& network :
       {Network{"NVLink 4", 380, 3.7}, Network{"InfiniBand NDR", 50, 0.83}, Network{"RoCE v2, 100 Gb/s", 12.2, 2.0}})
    for (const double ranks : {8.0, 64.0, 512.0}) {
      const auto shape = shape_of(ranks, wanted);
      const auto bytes = expected_bytes(shape);
      const auto seconds = expected_seconds(shape, {.gigabytes_per_second = network.gigabytes_per_second,
                                                    .latency_microseconds = network.latency_microseconds,
                                                    .gigaflops = 1e4});
      fmt::print("{}\n", nlohmann::json{{"network", network.name},
                                        {"ranks", ranks},
                                        {"wanted_rows", wanted},
                                        {"exchanged_bytes", bytes.exchanged},
                                        {"reduced_bytes", bytes.reduced},
                                        {"arithmetic_us", 1e6 * seconds.arithmetic},
                                        {"bytes_us", 1e6 * seconds.bytes},
                                        {"messages_us", 1e6 * seconds.messages},
                                        {"total_us", 1e6 * seconds.total()}}
                             .dump());
    }
}

int run(const std::vector<std::string>& arguments) {
  const auto mode = arguments.empty() ? "" : arguments[0];
  if (mode == "balance" && arguments.size() == 1) {
    const ZipfIds zipf;
    for (const bool popular_first : {false, true})
      print_balance([&](RandomStream& random) { return zipf.draw(random, kTasks * kRows, popular_first); },
                    popular_first ? "zipf, popular first" : "zipf");
  } else if (mode == "balance" && arguments.size() == 2) {
    const Dataset dataset(arguments[1], false);
    const auto tasks = dataset.tasks_of(Split::kTrain);
    print_balance([&](RandomStream& random) { return ids_of_tasks(dataset, tasks, random); }, arguments[1]);
  } else if (mode == "times") {
    print_times();
  } else if (mode == "stragglers") {
    print_stragglers();
  } else {
    fmt::print(stderr, "exchange_simulation balance [DATASET] | times | stragglers\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) { return warmstart::run({argv + 1, argv + argc}); }
