#include "trainer/adaptation/task_state.h"

#include <ATen/ATen.h>

#include <cstring>

#include "trainer/adaptation/full_context.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/quadratic_form.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

// The keys of rows with these features, where the readout compares them.
at::Tensor keys_of(const TaskState& state, const at::Tensor& features) {
  if (state.full_context == 0) return row_keys(state.readout, features);
  const auto& support = *state.support;
  return row_keys(state.readout, query_in_context(state.layers.parameters(), features, support.context, support.mask,
                                                  state.full_context));
}

// Rows as the head, the kernel and the readout see them.
struct Seen {
  Seen(const TaskState& state, const RowEncoder& rows) : encoding(rows.encode(state.layers)) {
    const auto& parameters = state.layers.parameters();
    if (state.kernel) similarity = state.kernel->similarity(kernel_points(rows, encoding, parameters));
    if (state.support)
      weights = support_weights(state.readout, keys_of(state, encoding.features()), *state.support, parameters);
  }

  at::Tensor with_one() const {  // H [T, R, D + 1]
    const auto& features = encoding.features();
    return at::cat({features, at::ones_like(features.narrow(2, 0, 1))}, 2);
  }

  Encoding encoding;
  at::Tensor similarity;  // [T, R, S]; undefined without a kernel
  at::Tensor weights;     // [T, R, S]; undefined where the readout is linear
};

at::Tensor outputs_of(const TaskState& state, const Seen& seen) {
  const auto of_head = state.head.outputs(seen.encoding.features(), seen.encoding.base());
  if (state.support) return of_head + task_product(seen.weights, state.support->values);
  return state.kernel ? of_head + task_product(seen.similarity, state.kernel->weights) : of_head;
}

// In units of the noise's variance, that of the outputs: [T, R, 1].
at::Tensor variance_of(const TaskState& state, const Seen& seen) {
  if (state.solution) return state.solution->variance(seen.encoding.features());
  const auto h = seen.with_one();
  return state.kernel ? state.kernel->output_variance(h, seen.similarity) : quadratic_form(h, state.covariance);
}

}  // namespace

at::Tensor TaskState::outputs(const RowEncoder& rows) const { return outputs_of(*this, {*this, rows}); }

at::Tensor TaskState::outputs_of_all(const Encoding& rows) const {
  auto of_head = at::linear(head.w.squeeze(1), rows.features()) + rows.base().transpose(0, 1) + head.b.squeeze(2);
  if (support) {
    const auto keys = keys_of(*this, rows.features().unsqueeze(0));  // [1, N, D], in full context [T, N, D]
    return of_head +
           task_product(support_weights(readout, keys, *support, layers.parameters()), support->values).squeeze(2);
  }
  if (!kernel) return of_head;
  const auto points = kernel_points(RowEncoder(rows), rows, layers.parameters());  // [1, N, P]
  return of_head + task_product(kernel->similarity(points), kernel->weights).squeeze(2);
}

at::Tensor TaskState::distances_of(const RowEncoder& rows) const {
  return distances(keys_of(*this, rows.encode(layers).features()), *support);
}

Predictive TaskState::predictive(const RowEncoder& rows) const {
  const Seen seen(*this, rows);
  const auto variance = variance_of(*this, seen);
  const auto row_noise = softplus_by_element(rows.part(kRowNoise, seen.encoding, layers.parameters()));
  // Rounding may have made next to nothing negative.
  return {outputs_of(*this, seen), (row_noise + variance.clamp_min(0.0)) * (noise->rate / noise->shape),
          2.0 * noise->shape};
}

at::Tensor TaskState::shares_of(const RowEncoder& rows) const {
  const Seen seen(*this, rows);
  auto of_head = task_product(seen.encoding.features(), shares.w.transpose(1, 2)) + shares.b.transpose(1, 2);
  if (support) return of_head + seen.weights * support->values.transpose(1, 2);
  if (!kernel) return of_head;
  return of_head + task_product(seen.similarity, kernel->inverse) * kernel->residuals.transpose(1, 2);
}

namespace {

// Calls of(name, tensor) for all that a state's memory may hold, but its layers.
template <typename State, typename Of>
void for_each_tensor(State& state, const Of& of) {
  of("head.weight", state.head.w);
  of("head.bias", state.head.b);
  of("head.covariance", state.covariance);
  if (state.noise) {
    of("noise.shape", state.noise->shape);
    of("noise.rate", state.noise->rate);
  }
  if (state.support) {
    of("memory.keys", state.support->keys);
    of("memory.values", state.support->values);
    of("memory.mask", state.support->mask);
    of("memory.context", state.support->context);
  }
  if (!state.kernel) return;
  of("kernel.points", state.kernel->points);
  of("kernel.rows", state.kernel->scaled_rows);
  of("kernel.inverse", state.kernel->inverse);
  of("kernel.weights", state.kernel->weights);
  of("kernel.responses", state.kernel->responses);
}

constexpr const char* kSums = "sums.";

}  // namespace

TaskState::Memory TaskState::memory() const {
  auto memory = layers.memory();
  for_each_tensor(*this, [&](const char* name, const at::Tensor& tensor) {
    if (tensor.defined()) memory[name] = tensor;
  });
  for (const auto& [name, sum] : sums) memory[kSums + name] = sum;
  return memory;
}

void TaskState::restore(const Memory& memory) {
  for (const auto& [name, tensor] : memory)
    if (name.starts_with(kSums)) sums[name.substr(std::strlen(kSums))] = tensor;
  layers.restore(memory);
  if (memory.contains("noise.shape")) noise.emplace();
  if (memory.contains("memory.keys")) support.emplace();
  if (memory.contains("kernel.points")) kernel.emplace(kernel_of_parameters(layers.parameters()));
  for_each_tensor(*this, [&](const char* name, at::Tensor& tensor) {
    if (const auto found = memory.find(name); found != memory.end()) tensor = found->second;
  });
}

void TaskState::add_to_head(const at::Tensor& added, const at::Tensor& unadapted, const at::Tensor& left_out) {
  if (left_out.defined())
    left_out_head = (left_out_head.defined() ? left_out_head : head.rows().unsqueeze(1)) + left_out;
  unadapted_head = with(unadapted_head, unadapted);
  head = with(head, added);
}

void TaskState::add_shares(const at::Tensor& of_rows) {
  const auto features = of_rows.size(2) - 1;
  shares = {shares.w + of_rows.narrow(2, 0, features), shares.b + of_rows.narrow(2, features, 1)};
}

}  // namespace warmstart
