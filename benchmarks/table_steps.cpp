// What sharded embedding tables cost, on one core.
//
//   build/release/benchmarks/table_steps meta [MOST_ROWS]   time of a meta-step against the rows of its table: 10^4 ..
//                                                           MOST_ROWS (10^7), sharded, and replicated up to 10^6
//   build/release/benchmarks/table_steps spill ROWS FOLDER  the same of rows on disk, to be run with less memory than
//                                                           they take; of the later half of the steps, by the clock
//   mpirun -n N build/release/benchmarks/table_steps exchange ROWS
//                                                           how much of a meta-step goes into exchanging rows between
//                                                           ranks of 64 tasks each, by the clock, and memory
//   build/release/benchmarks/table_steps rows FILE          rows a second that are summed in bags, given a gradient and
//                                                           updated; the ids go into FILE for benchmarks/table_peer.py
//
// Prints a JSON object a line.  Ids are drawn by Zipf's law with exponent 1.1, popular ones all over the table.  Times
// are medians, of processor time unless said otherwise.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/memory.h"
#include "base/random.h"
#include "base/stopwatch.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "trainer/layers/embed.h"
#include "trainer/layers/initialiser.h"
#include "trainer/learner/learner.h"
#include "trainer/optimizers/adam.h"
#include "trainer/optimizers/row_optimizer.h"
#include "trainer/tables/table_step.h"
#include "trainer/training/gradient_buckets.h"

namespace warmstart {
namespace {

constexpr std::int64_t kWidth = 32;
constexpr std::int64_t kMostReplicated = 1000000;  // beyond, a step takes seconds

double seconds_of(const std::function<void()>& work) {
  const auto start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

// Of this process, in bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

// Ids from 1 on.
class ZipfIds {
 public:
  explicit ZipfIds(std::int64_t ids)
      : cumulative_(static_cast<std::size_t>(ids)),
        scattered_(static_cast<std::uint64_t>(ids), 1, Purpose::kSynthesize, 0) {
    double sum = 0.0;
    for (std::size_t rank = 0; rank < cumulative_.size(); ++rank)
      cumulative_[rank] = sum += std::pow(static_cast<double>(rank + 1), -1.1);
  }
  std::int64_t draw(RandomStream& random) const {
    const auto found = std::lower_bound(cumulative_.begin(), cumulative_.end(), random.uniform() * cumulative_.back());
    return 1 + static_cast<std::int64_t>(scattered_(static_cast<std::uint64_t>(found - cumulative_.begin())));
  }

 private:
  std::vector<double> cumulative_;
  Permutation scattered_;
};

namespace meta {

constexpr int kMicrobatches = 8;
constexpr std::int64_t kTasks = 64, kSupport = 20, kQuery = 10, kSteps = 25, kStepsOnDisk = 200;

Schema schema_of(std::int64_t rows) {
  Schema schema;
  schema.label_min = -10;
  schema.label_max = 10;
  Field item;
  item.name = "item";
  item.kind = FieldKind::kCategorical;
  item.owner = FieldOwner::kEntity;
  item.vocabulary_size = rows;
  schema.fields = {item};
  return schema;
}

void add_rows(EpisodeBatch& batch, PaddedRows& rows, std::int64_t width, const ZipfIds& ids, RandomStream& random,
              std::map<std::int64_t, std::int64_t>& places) {
  rows.width = width;
  for (std::int64_t i = 0; i < width; ++i) {
    const auto key = ids.draw(random);
    const auto [found, is_new] = places.try_emplace(key, batch.rows.count);
    if (is_new) {
      batch.rows.offsets.push_back(batch.rows.count++);
      batch.rows.ids.push_back(key);
      batch.rows.weights.push_back(1.0f);
      batch.key.push_back(key);
      batch.entity.push_back(key - 1);
    }
    rows.place.push_back(found->second);
    rows.label.push_back(static_cast<float>(random.normal()));
    rows.mask.push_back(1.0f);
  }
}

EpisodeBatch drawn_batch(const ZipfIds& ids, std::uint64_t position) {
  EpisodeBatch batch;
  batch.tasks = kTasks;
  RandomStream random(2, Purpose::kSynthesize, position);
  for (int m = 0; m < kMicrobatches; ++m) {
    batch.first_rows.push_back(batch.rows.count);
    std::map<std::int64_t, std::int64_t> places;
    for (std::int64_t task = 0; task < kTasks / kMicrobatches; ++task) {
      batch.task.push_back(task);
      batch.descriptions.offsets.push_back(0);
      ++batch.descriptions.count;
      add_rows(batch, batch.support, kSupport, ids, random, places);
      add_rows(batch, batch.query, kQuery, ids, random, places);
    }
  }
  batch.first_rows.push_back(batch.rows.count);
  find_distinct_ids(batch);
  return batch;
}

// A meta-step as MetaStep takes it, of batches that lie ready.
class Step {
 public:
  Step(std::int64_t rows, std::int64_t replicated_rows, const ShardingOptions& options, Communicator& group)
      : group_(group),
        learner_(schema_of(rows), model_options(), 1, make_network, home(rows, replicated_rows, options, group)),
        buckets_(learner_.parameters(), 1, std::int64_t{1} << 40, group_, Reduction::kFixedOrder),
        adam_(learner_.parameters(), {}, 1000),
        row_optimizer_(learner_.sharded_tables(), options, {}) {}

  void take(std::int64_t step, const EpisodeBatch& batch) {
    const TensorBatch tensors(batch, learner_.parameters().flat().options());
    std::optional<TableStep> rows;
    if (!learner_.sharded_tables().empty())
      rows.emplace(
          learner_.sharded_tables(),
          std::vector<BatchLookups>{{tensors.key_lookup, tensors.rows.ids.lookup, tensors.descriptions.ids.lookup}},
          group_);
    const auto parameters =
        learner_.batch_parameters(tensors, Leaves::kMicrobatches, rows ? rows->fetched(0, at::kCPU) : FetchedRows());
    const Dropout dropout(1, static_cast<std::uint64_t>(step), 0, 0.3, 0.05, 0.1);
    const auto losses = learner_.losses(parameters, tensors, &dropout);
    buckets_.add(losses.mean(), parameters, at::zeros({kMicrobatches, 1}), true, false,
                 [&](const auto& table, const auto& gradient) { rows->give_back(0, table, gradient); });
    const auto total = buckets_.take();
    std::vector<RowGradient> of_rows;
    if (rows) of_rows = rows->reduce(group_).gradients;
    const auto norm = adam_.step(step, total.narrow(0, 0, total.numel() - 1), learner_.parameters(),
                                 std::sqrt(squared_norm(of_rows, group_)));
    row_optimizer_.update(of_rows, step, adam_.rate(step) / AdamOptions().rate, adam_.clipping(norm));
  }

 private:
  static ModelOptions model_options() {
    ModelOptions options;
    options.network.embedding = kWidth;
    return options;
  }
  static TableHome home(std::int64_t rows, std::int64_t replicated_rows, const ShardingOptions& options,
                        const Communicator& group) {
    auto home = home_of(options, schema_of(rows), group.rank(), group.size());
    home.replicated_rows = replicated_rows;
    return home;
  }
  Communicator& group_;
  Learner learner_;
  GradientBuckets buckets_;
  Adam adam_;
  RowOptimizer row_optimizer_;
};

// `spill`: the folder where rows of sharded tables lie; empty: in memory.
void measure(std::int64_t rows, bool sharded, const std::filesystem::path& spill = {}) {
  const ZipfIds ids(rows);
  SelfCommunicator alone;
  ShardingOptions options;
  options.spill = spill;
  Step step(rows, sharded ? 0 : rows + 1, options, alone);
  std::vector<double> seconds;
  double distinct = 0;
  const auto steps = spill.empty() ? (sharded ? kSteps : 7) : kStepsOnDisk;
  for (std::int64_t i = 0; i < steps; ++i) {
    const auto batch = drawn_batch(ids, static_cast<std::uint64_t>(i));
    distinct += static_cast<double>(batch.rows.lookup.all.size()) / static_cast<double>(steps);
    const Stopwatch wall;
    const auto taken = seconds_of([&] { step.take(i, batch); });
    if (i >= steps / 2) seconds.push_back(spill.empty() ? taken : wall.seconds());
  }
  const nlohmann::json line = {{"rows", rows},
                               {"tables", !spill.empty() ? "sharded, on disk"
                                          : sharded      ? "sharded"
                                                         : "replicated"},
                               {"milliseconds", 1e3 * median(seconds)},
                               {"distinct_rows", distinct}};
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

// Of ranks of kTasks tasks each; by the clock, waiting for other ranks included.
void measure_exchange(std::int64_t rows, Communicator& group, RowRule rule) {
  const ZipfIds ids(rows);
  ShardingOptions options;
  options.optimizer = rule;
  Step step(rows, 0, options, group);
  std::vector<double> seconds, exchanging;
  for (std::int64_t i = 0; i < kStepsOnDisk; ++i) {
    const auto batch = drawn_batch(ids, static_cast<std::uint64_t>(i * group.size() + group.rank()));
    group.barrier();
    const auto before = group.traffic()[TrafficKind::kExchanged].seconds;
    const Stopwatch wall;
    step.take(i, batch);
    seconds.push_back(wall.seconds());
    exchanging.push_back(group.traffic()[TrafficKind::kExchanged].seconds - before);
  }
  auto memory = at::full({1}, peak_memory(), at::kDouble);
  group.sum(memory);
  if (group.rank() != 0) return;
  const nlohmann::json line = {{"ranks", group.size()},
                               {"rows", rows},
                               {"optimizer", to_text(rule)},
                               {"milliseconds", 1e3 * median(seconds)},
                               {"exchanging", 1e3 * median(exchanging)},
                               {"megabytes_of_all_ranks", memory.item<double>() / 1e6}};
  fmt::print("{}\n", line.dump());
}

}  // namespace meta

namespace bags {

constexpr std::int64_t kRows = 1000000, kBags = 2048, kIdsOfBag = 20, kSteps = 30;

EpisodeBatch drawn_batch(const ZipfIds& ids, std::uint64_t step, std::int64_t microbatches) {
  EpisodeBatch batch;
  RandomStream random(3, Purpose::kSynthesize, step);
  batch.rows.count = kBags;
  for (std::int64_t bag = 0; bag < kBags; ++bag) {
    if (bag % (kBags / microbatches) == 0) batch.first_rows.push_back(bag);
    batch.rows.offsets.push_back(bag * kIdsOfBag);
    for (std::int64_t i = 0; i < kIdsOfBag; ++i) batch.rows.ids.push_back(ids.draw(random));
  }
  batch.first_rows.push_back(kBags);
  batch.key.assign(kBags, 0);
  return batch;
}

void write_ids(const std::string& path, const ZipfIds& ids) {
  std::ofstream file(path, std::ios::binary);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const auto batch = drawn_batch(ids, static_cast<std::uint64_t>(step), 1);
    file.write(reinterpret_cast<const char*>(batch.rows.ids.data()),
               static_cast<std::streamsize>(batch.rows.ids.size() * sizeof(std::int64_t)));
  }
}

void measure(const ZipfIds& ids, std::int64_t microbatches, RowRule rule) {
  SelfCommunicator group;
  ShardedTables tables(0, 1);
  Initialiser draw(1);
  tables.add({"embedding", ParameterGroup::kNetwork, IdsOf::kRows, kRows + 1, kWidth,
              draw.normal_table(kRows + 1, kWidth, 0.05)});
  tables.draw();
  const RowOptimizer optimizer(tables, {.optimizer = rule}, {.network_l2 = 0});
  Parameters none;
  none.flatten(at::kFloat);
  const ReplicatedTables nowhere(none);
  const auto weights = at::ones({kBags * kIdsOfBag}), to = at::ones({kBags, kWidth});
  std::vector<double> rates;
  double distinct = 0;
  for (std::int64_t i = 0; i < kSteps; ++i) {
    auto batch = drawn_batch(ids, static_cast<std::uint64_t>(i), microbatches);
    std::int64_t touched = 0;
    const auto seconds = seconds_of([&] {
      find_distinct_ids(batch);
      const auto lookup = id_lookup(batch.rows.lookup, at::kCPU);
      TableStep step(tables, {{.keys = {}, .rows = lookup, .tasks = {}}}, group);
      const BatchParameters parameters(none, nowhere, {microbatches, batch.first_rows}, Leaves::kMicrobatches,
                                       step.fetched(0, at::kCPU));
      const auto offsets = at::from_blob(batch.rows.offsets.data(), {kBags}, at::kLong);
      const auto sums = embed(parameters, "embedding", {lookup, offsets, weights});
      const auto rows = parameters.used().at("embedding").value;
      step.give_back(0, "embedding", torch::autograd::grad({(sums * to).sum()}, {rows})[0]);
      const auto gradients = step.reduce(group).gradients;
      optimizer.update(gradients, i, 1.0, 1.0);
      touched = gradients[0].places.numel();
    });
    distinct += static_cast<double>(touched) / static_cast<double>(kSteps);
    if (i >= 5) rates.push_back(static_cast<double>(touched) / seconds);
  }
  const nlohmann::json line = {{"of", "warmstart"},
                               {"optimizer", to_text(rule)},
                               {"microbatches", microbatches},
                               {"rows", kRows},
                               {"lookups", kBags * kIdsOfBag},
                               {"distinct_rows", distinct},
                               {"rows_per_second", median(rates)}};
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

}  // namespace bags

int run(const MpiSession& session, const std::vector<std::string>& arguments) {
  at::set_num_threads(1);
  if (!arguments.empty() && arguments[0] == "meta") {
    const auto most = arguments.size() > 1 ? std::stoll(arguments[1]) : 10000000;
    for (std::int64_t rows = 10000; rows <= most; rows *= 10) {
      meta::measure(rows, true);
      if (rows <= kMostReplicated) meta::measure(rows, false);
    }
    return 0;
  }
  if (arguments.size() == 3 && arguments[0] == "spill") {
    meta::measure(std::stoll(arguments[1]), true, arguments[2]);
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "exchange") {
    const auto world = session.world();
    for (const auto rule : {RowRule::kRowwiseAdagrad, RowRule::kLazyAdam})
      meta::measure_exchange(std::stoll(arguments[1]), *world, rule);
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "rows") {
    const ZipfIds ids(bags::kRows);
    bags::write_ids(arguments[1], ids);
    for (const auto rule : {RowRule::kLazyAdam, RowRule::kRowwiseAdagrad})
      for (const std::int64_t microbatches : {1, 8}) bags::measure(ids, microbatches, rule);
    return 0;
  }
  fmt::print(stderr, "table_steps: wants meta [MOST_ROWS], spill ROWS FOLDER, exchange ROWS, or rows FILE\n");
  return 2;
}

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) {
  try {
    warmstart::keep_freed_memory();
    const warmstart::MpiSession session(&argc, &argv);
    return warmstart::run(session, {argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "table_steps: {}\n", error.what());
    return 1;
  }
}
