// The price of an exact second-order meta-step: its time over that of a plain LibTorch training step of the same
// network on the same rows, one thread, in the same run.
//
//   build/release/benchmarks/meta_step [--device=cuda] [--benchmark_filter=...]
//
// `mlp`: 64 tasks of `support` + 10 rows; inputs and two hidden layers of `width`; all layers adapt in K inner steps.
// `ratio` is of medians taken in alternation, on the CPU of processor time, so that a noisy machine slows both; `floor`
// is the ratio by counted multiply-adds (counted_products.h), `over_floor` the one over the other.  `peak_MB` is the
// most memory that a step held beyond what it started with, `formed_MB` the same with every task's weights formed.
// `bfloat16`: the time of a step in bfloat16 over that in float32, K = 1, 20 support rows. `forms`: the time of formed
// weights over that of activation space, and what the planner's count says of it.

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <string_view>

#include "base/memory.h"
#include "base/stopwatch.h"
#include "benchmarks/counted_products.h"
#include "benchmarks/mlp.h"

namespace warmstart {
namespace {

constexpr std::int64_t kTasks = 64, kQuery = 10;
constexpr double kRate = 0.1;

at::Device device(at::kCPU);

struct Case {
  Mlp mlp;
  MlpBatch batch;
  at::Tensor rows, labels;  // of all tasks, for plain training
};

Case make_case(std::int64_t width, std::int64_t support) {
  at::manual_seed(1);
  const auto weight = [](std::int64_t out, std::int64_t in) {
    return (at::randn({out, in}) / std::sqrt(static_cast<double>(in))).to(device);
  };
  const auto zeros = [](std::int64_t size) { return at::zeros({size}, device); };
  const auto normal = [](at::IntArrayRef shape) { return at::randn(shape).to(device); };
  MlpBatch batch = {normal({kTasks, support, width}), normal({kTasks, support}), normal({kTasks, kQuery, width}),
                    normal({kTasks, kQuery})};
  const auto rows = at::cat({batch.support, batch.query}, 1).reshape({-1, width});
  const auto labels = at::cat({batch.support_label, batch.query_label}, 1).reshape({-1});
  return {Mlp({weight(width, width), weight(width, width), weight(1, width)}, {zeros(width), zeros(width), zeros(1)}),
          batch, rows, labels};
}

// On the CPU of this process alone, whatever else runs there.
double seconds_of(const std::function<void()>& work) {
  const Stopwatch stopwatch;
  const auto start = std::clock();
  work();
  finish(device);
  return device.is_cpu() ? static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC : stopwatch.seconds();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Counts what LibTorch's allocator hands out in this thread.
struct AllocationCount : c10::MemoryReportingInfoBase {
  std::int64_t now = 0, peak = 0;
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t, c10::Device) override {
    now += bytes;
    peak = std::max(peak, now);
  }
  bool memoryProfilingEnabled() const override { return true; }
};

double peak_megabytes(const std::function<void()>& work) {
  const auto count = std::make_shared<AllocationCount>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, count);
  work();
  return static_cast<double>(count->peak) / 1e6;
}

double floor_of(std::int64_t width, std::int64_t support, std::int64_t steps) {
  const auto layer = [&](std::int64_t outputs, bool is_first) -> CountedLayer {
    return {{width, outputs, support, kQuery, steps}, is_first};
  };
  return counted_ratio({layer(width, true), layer(width, false), layer(1, false)});
}

void mlp(benchmark::State& state) {
  const auto c = make_case(state.range(0), state.range(1));
  const auto steps = static_cast<int>(state.range(2));
  const auto meta = [&] { benchmark::DoNotOptimize(c.mlp.meta_gradients(c.batch, steps, kRate).data()); };
  const auto plain = [&] { benchmark::DoNotOptimize(c.mlp.plain_gradients(c.rows, c.labels).data()); };
  const auto formed = [&] {
    benchmark::DoNotOptimize(c.mlp.meta_gradients(c.batch, steps, kRate, Form::kWeights).data());
  };
  state.counters["peak_MB"] = peak_megabytes(meta);
  state.counters["formed_MB"] = peak_megabytes(formed);
  plain();
  std::vector<double> meta_seconds, plain_seconds;
  for (auto _ : state) {
    plain_seconds.push_back(seconds_of(plain));
    meta_seconds.push_back(seconds_of(meta));
    state.SetIterationTime(meta_seconds.back());
  }
  const double ratio = median(meta_seconds) / median(plain_seconds),
               floor = floor_of(state.range(0), state.range(1), steps);
  state.counters["ratio"] = ratio;
  state.counters["floor"] = floor;
  state.counters["over_floor"] = ratio / floor;
  state.counters["plain_ms"] = 1e3 * median(plain_seconds);
}
BENCHMARK(mlp)
    ->ArgNames({"width", "support", "K"})
    ->ArgsProduct({{64, 128, 256, 512, 1024}, {20, 100}, {1, 3, 5}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void bfloat16(benchmark::State& state) {
  const auto c = make_case(state.range(0), 20);
  const auto run = [&](Precision precision) {
    return [&, precision] {
      benchmark::DoNotOptimize(c.mlp.meta_gradients(c.batch, 1, kRate, Form::kAuto, precision).data());
    };
  };
  run(Precision::kBfloat16)();
  std::vector<double> exact, rounded;
  for (auto _ : state) {
    exact.push_back(seconds_of(run(Precision::kFloat32)));
    rounded.push_back(seconds_of(run(Precision::kBfloat16)));
    state.SetIterationTime(rounded.back());
  }
  state.counters["share"] = median(rounded) / median(exact);
}
BENCHMARK(bfloat16)->ArgNames({"width"})->RangeMultiplier(2)->Range(64, 1024)->UseManualTime()->Unit(
    benchmark::kMillisecond);

void forms(benchmark::State& state) {
  const auto width = state.range(0), support = state.range(1), steps = state.range(2);
  const auto c = make_case(width, support);
  const auto run = [&](Form form) {
    return [&, form] {
      benchmark::DoNotOptimize(c.mlp.meta_gradients(c.batch, static_cast<int>(steps), kRate, form).data());
    };
  };
  std::vector<double> activations, weights;
  for (auto _ : state) {
    activations.push_back(seconds_of(run(Form::kActivations)));
    weights.push_back(seconds_of(run(Form::kWeights)));
    state.SetIterationTime(weights.back());
  }
  double counted_activations = 0, counted_weights = 0;
  for (const auto outputs : {width, width, std::int64_t{1}}) {
    const auto costs = costs_of({width, outputs, support, kQuery, steps});
    counted_activations += costs.activations;
    counted_weights += costs.weights;
  }
  state.counters["measured"] = median(weights) / median(activations);
  state.counters["counted"] = counted_weights / counted_activations;
}
BENCHMARK(forms)
    ->ArgNames({"width", "support", "K"})
    ->ArgsProduct({{16, 32, 64, 128, 256}, {5, 20, 100, 300}, {1, 2, 3, 5}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) {
  warmstart::keep_freed_memory();
  for (int i = 1; i < argc; ++i) {
    constexpr std::string_view kOption = "--device=";
    if (!std::string_view(argv[i]).starts_with(kOption)) continue;
    warmstart::device = at::Device(argv[i] + kOption.size());
    benchmark::RegisterBenchmark("mlp", warmstart::mlp)  // too large for most CPUs
        ->ArgNames({"width", "support", "K"})
        ->ArgsProduct({{2048, 4096}, {20}, {1}})
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
    std::rotate(argv + i, argv + i + 1, argv + argc--);
    break;
  }
  at::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
