// The price of an exact second-order meta-step: its time over that of a plain training step of
// the same network on the same rows, one thread, both with autograd as the reverse pass.
//
//   build/release/benchmarks/meta_step
//
// 64 tasks of 20 + 10 rows; dense inputs, tower and features as wide as the first argument; all
// linear layers adapt.  `ratio` is of medians taken in alternation, so that a noisy machine
// slows both; see its counter beside each time.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>

#include "base/random.h"
#include "trainer/two_tower.h"

namespace warmstart {
namespace {

constexpr std::int64_t kTasks = 64, kSupport = 20, kQuery = 10, kRows = kTasks * (kSupport + kQuery);

Schema schema_of(std::int64_t width) {
  Schema schema;
  Field key;
  key.name = "item";
  key.vocabulary_size = 1;
  schema.fields.push_back(key);
  for (std::int64_t i = 0; i < width; ++i) {
    Field field;
    field.name = "x" + std::to_string(i);
    field.kind = FieldKind::kDense;
    schema.fields.push_back(field);
  }
  return schema;
}

// Every row has features of its own; [support, query] of each task stand one after the other.
EpisodeBatch random_batch(std::int64_t width, bool all_in_query) {
  RandomStream random(1, Purpose::kSynthesize);
  EpisodeBatch batch;
  batch.tasks = kTasks;
  batch.rows.count = kRows;
  batch.rows.dense_width = width;
  for (std::int64_t row = 0; row < kRows; ++row) {
    batch.rows.offsets.push_back(row);
    batch.rows.ids.push_back(0);
    batch.rows.weights.push_back(0.0f);
    batch.key.push_back(0);
    for (std::int64_t i = 0; i < width; ++i) batch.rows.dense.push_back(static_cast<float>(random.normal()));
  }
  batch.descriptions.count = kTasks;
  batch.descriptions.offsets.assign(kTasks, 0);
  batch.support.width = all_in_query ? 0 : kSupport;
  batch.query.width = all_in_query ? kSupport + kQuery : kQuery;
  for (std::int64_t row = 0; row < kRows; ++row) {
    auto& part = row % (kSupport + kQuery) < batch.support.width ? batch.support : batch.query;
    part.place.push_back(row);
    part.label.push_back(static_cast<float>(random.normal()));
    part.mask.push_back(1.0f);
  }
  return batch;
}

class Step {
 public:
  Step(std::int64_t width, int inner_steps)
      : batch_(random_batch(width, inner_steps == 0)),
        model_(schema_of(width), options_of(width, inner_steps), 1),
        tensors_(batch_, at::kFloat) {}

  double seconds() const {
    const auto start = std::chrono::steady_clock::now();
    const auto gradients =
        torch::autograd::grad({model_.losses(tensors_, nullptr).sum()}, model_.parameters().values(), {}, std::nullopt, false, true);
    benchmark::DoNotOptimize(gradients.data());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  static ModelOptions options_of(std::int64_t width, int inner_steps) {
    ModelOptions options;
    options.embedding = options.features = width;
    options.tower = {width};
    options.absolute = 0.0;
    options.inner = {.steps = inner_steps, .scope = Scope::kDense, .rates = InnerRates::kFixed};
    return options;
  }
  EpisodeBatch batch_;
  TwoTower model_;
  TensorBatch tensors_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void meta_step(benchmark::State& state) {
  at::set_num_threads(1);
  const Step meta(state.range(0), static_cast<int>(state.range(1))), plain(state.range(0), 0);
  meta.seconds();
  plain.seconds();
  std::vector<double> meta_seconds, plain_seconds;
  for (auto _ : state) {
    plain_seconds.push_back(plain.seconds());
    meta_seconds.push_back(meta.seconds());
    state.SetIterationTime(meta_seconds.back());
  }
  state.counters["ratio"] = median(meta_seconds) / median(plain_seconds);
  state.counters["plain_ms"] = 1e3 * median(plain_seconds);
}
BENCHMARK(meta_step)->ArgNames({"width", "K"})->ArgsProduct({{64, 256, 512}, {1, 3}})->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace warmstart

BENCHMARK_MAIN();
