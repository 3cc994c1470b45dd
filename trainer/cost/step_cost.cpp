#include "trainer/cost/step_cost.h"

#include "cluster/virtual_shards.h"

namespace warmstart {
namespace {

constexpr double kNumber = 4, kPlace = 8, kSquares = 8;  // bytes of a float32, an int64, a float64

// Two products of the same size for each of the way forward: the gradients of a layer's inputs and of its weights.
constexpr double kPasses = 3, kOperations = 2;

}  // namespace

StepBytes expected_bytes(const StepShape& shape) {
  const auto others = shape.ranks - 1, share = others / shape.ranks;
  StepBytes bytes;
  bytes.reduced = 2 * share * kNumber * shape.parameters;
  for (const auto& list : shape.lists) {
    bytes.reduced += 2 * share * kSquares * list.tables * static_cast<double>(kVirtualShards);
    // How many of its rows a rank wants of each, which ones, the rows, and their gradients with what is counted.
    bytes.exchanged += others * kPlace + share * list.wanted * (kPlace + kNumber * (2 * list.widths + list.counts));
  }
  bytes.exchanged_most = bytes.exchanged;
  if (shape.shared_rows > 0) {
    // Encodings from all ranks to all, and gradients of all rows to those who encoded them.
    const auto slice = shape.shared_rows / shape.ranks * shape.encoding_width;
    bytes.encodings = others * (kPlace * shape.listed_rows + 2 * kNumber * slice);
  }
  return bytes;
}

double expected_messages(const StepShape& shape) {
  const auto others = shape.ranks - 1;
  // Slices of the gradient to their ranks, and sums back; counts, places, rows, gradients, norms; three of encodings.
  return others * (2 + (shape.lists.empty() ? 0 : 6) + (shape.shared_rows > 0 ? 3 : 0));
}

StepSeconds expected_seconds(const StepShape& shape, const MachineOptions& machine) {
  const auto bytes = expected_bytes(shape);
  return {.arithmetic = kPasses * kOperations * shape.multiply_adds * shape.encoded_rows / (machine.gigaflops * 1e9),
          .bytes = (bytes.reduced + bytes.exchanged + bytes.encodings) / (machine.gigabytes_per_second * 1e9),
          .messages = expected_messages(shape) * machine.latency_microseconds * 1e-6};
}

}  // namespace warmstart
