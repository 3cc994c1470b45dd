// Warmstart's side of benchmarks/peers: the gradients of one meta-step of benchmarks/mlp.h, and their time.
//
//   mlp_step FOLDER INNER_STEPS RATE REPEATS [cpu|cuda]
//
// FOLDER holds `shape` (tasks support query inputs width) and float32 arrays without header: weight0..2 [out, in],
// bias0..2, support, support_label, query, query_label.  Writes FOLDER/gradient and prints {"seconds",
// "plain_seconds"}: medians, one thread.

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include "base/memory.h"
#include "base/stopwatch.h"
#include "benchmarks/mlp.h"

namespace warmstart {
namespace {

at::Device device(at::kCPU);

at::Tensor read(const std::filesystem::path& path, at::IntArrayRef shape) {
  auto tensor = at::empty(shape, at::kFloat);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes())))
    throw std::runtime_error("cannot read " + path.string());
  return tensor.to(device);
}

double median_seconds(int repeats, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i < repeats + 2; ++i) {
    const Stopwatch stopwatch;
    work();
    finish(device);
    if (i >= 2) seconds.push_back(stopwatch.seconds());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

int run(const std::filesystem::path& folder, int steps, double rate, int repeats) {
  keep_freed_memory();
  at::set_num_threads(1);
  std::int64_t tasks = 0, support = 0, query = 0, inputs = 0, width = 0;
  if (!(std::ifstream(folder / "shape") >> tasks >> support >> query >> inputs >> width))
    throw std::runtime_error("no shape");
  const Mlp mlp({read(folder / "weight0", {width, inputs}), read(folder / "weight1", {width, width}),
                 read(folder / "weight2", {1, width})},
                {read(folder / "bias0", {width}), read(folder / "bias1", {width}), read(folder / "bias2", {1})});
  const MlpBatch batch = {read(folder / "support", {tasks, support, inputs}),
                          read(folder / "support_label", {tasks, support}),
                          read(folder / "query", {tasks, query, inputs}), read(folder / "query_label", {tasks, query})};
  std::ofstream gradient(folder / "gradient", std::ios::binary);
  for (const auto& part : mlp.meta_gradients(batch, steps, rate)) {
    const auto values = part.cpu().contiguous();
    gradient.write(static_cast<const char*>(values.const_data_ptr()), static_cast<std::streamsize>(values.nbytes()));
  }
  const auto rows = at::cat({batch.support, batch.query}, 1).reshape({-1, inputs});
  const auto labels = at::cat({batch.support_label, batch.query_label}, 1).reshape({-1});
  const auto seconds = median_seconds(repeats, [&] { mlp.meta_gradients(batch, steps, rate); });
  const auto plain_seconds = median_seconds(repeats, [&] { mlp.plain_gradients(rows, labels); });
  std::cout << "{\"seconds\": " << seconds << ", \"plain_seconds\": " << plain_seconds << "}\n";
  return 0;
}

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "usage: mlp_step FOLDER INNER_STEPS RATE REPEATS [cpu|cuda]\n";
    return 2;
  }
  if (argc == 6) warmstart::device = at::Device(argv[5]);
  return warmstart::run(argv[1], std::stoi(argv[2]), std::stod(argv[3]), std::stoi(argv[4]));
}
