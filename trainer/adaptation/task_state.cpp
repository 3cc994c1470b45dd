#include "trainer/adaptation/task_state.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

// Rows as the head and the kernel see them.
struct Seen {
  Seen(const TaskState& state, const RowEncoder& rows) : encoding(rows.encode(state.layers)) {
    if (state.kernel) similarity = state.kernel->similarity(kernel_points(rows, encoding, state.layers.parameters()));
  }

  at::Tensor with_one() const {  // H [T, R, D + 1]
    const auto& features = encoding.features();
    return at::cat({features, at::ones({features.size(0), features.size(1), 1}, features.options())}, 2);
  }

  Encoding encoding;
  at::Tensor similarity;  // [T, R, S]; undefined without a kernel
};

at::Tensor outputs_of(const TaskState& state, const Seen& seen) {
  const auto of_head = state.head.outputs(seen.encoding.features(), seen.encoding.base());
  return state.kernel ? of_head + task_product(seen.similarity, state.kernel->weights) : of_head;
}

}  // namespace

at::Tensor TaskState::outputs(const RowEncoder& rows) const { return outputs_of(*this, {*this, rows}); }

Predictive TaskState::predictive(const RowEncoder& rows) const {
  const Seen seen(*this, rows);
  const auto h = seen.with_one();
  const auto variance =
      kernel ? kernel->output_variance(h, seen.similarity) : (task_product(h, covariance) * h).sum(2, true);
  const auto row_noise = softplus_by_element(rows.part(kRowNoise, seen.encoding, layers.parameters()));
  // Rounding may have made next to nothing negative.
  return {outputs_of(*this, seen), (row_noise + variance.clamp_min(0.0)) * (noise->rate / noise->shape),
          2.0 * noise->shape};
}

at::Tensor TaskState::shares_of(const RowEncoder& rows) const {
  const Seen seen(*this, rows);
  auto of_head = task_product(seen.encoding.features(), shares.w.transpose(1, 2)) + shares.b.transpose(1, 2);
  if (!kernel) return of_head;
  return of_head + task_product(seen.similarity, kernel->inverse) * kernel->residuals.transpose(1, 2);
}

void TaskState::add_shares(const at::Tensor& of_rows) {
  const auto features = of_rows.size(2) - 1;
  shares = {shares.w + of_rows.narrow(2, 0, features), shares.b + of_rows.narrow(2, features, 1)};
}

}  // namespace warmstart
