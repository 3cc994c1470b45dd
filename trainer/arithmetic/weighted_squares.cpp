#include "trainer/arithmetic/weighted_squares.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "trainer/arithmetic/per_task.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/row_loops.h"
#include "trainer/arithmetic/second_order.h"
#include "trainer/arithmetic/task_kernels.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// to [count, width], each row with its weight.
void weigh(float* to, const float* rows, const float* weights, std::int64_t count, std::int64_t width) {
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t d = 0; d < width; ++d) to[i * width + d] = weights[i] * rows[i * width + d];
}

struct WeightedSquares : Function<WeightedSquares> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, const at::Tensor& weights) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    const auto h = rows.contiguous(), w = weights.contiguous();
    const auto most = h.size(1), width = h.size(2);
    auto squares = at::zeros({h.size(0), width, width}, h.options());
    const auto of_h = read(h), of_w = read(w);
    const auto to = written(squares);
    at::parallel_for(0, h.size(0), 1, [&](std::int64_t first, std::int64_t end) {
      std::vector<float> weighted(static_cast<std::size_t>(most * width));
      for (auto task = first; task < end; ++task) {
        const auto count = rows_that_count(of_w[task], most);
        if (count == 0) continue;
        weigh(weighted.data(), of_h[task], of_w[task], count, width);
        weighted_rows(to[task], {}, {of_h[task], 1, width}, weighted.data(), width, count, width);
      }
    });
    ctx->save_for_backward({h, w});
    return squares;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("weighted_squares");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto kept = ctx->get_saved_variables();
    const auto most = kept[0].size(1), width = kept[0].size(2);
    // A row's square is reached through both of its factors.
    const auto of_both = (gradients[0] + gradients[0].transpose(1, 2)).contiguous();
    auto of_rows = at::zeros_like(kept[0]), of_weights = at::zeros_like(kept[1]);
    const auto h = read(kept[0]), w = read(kept[1]), g = read(of_both);
    const auto to_rows = written(of_rows), to_weights = written(of_weights);
    at::parallel_for(0, kept[0].size(0), 1, [&](std::int64_t first, std::int64_t end) {
      for (auto task = first; task < end; ++task) {
        const auto count = rows_that_count(w[task], most);
        if (count == 0) continue;
        auto* to = to_rows[task];
        weighted_rows(to, {}, {h[task], width, 1}, g[task], count, width, width);
        for (std::int64_t i = 0; i < count; ++i)
          to_weights[task][i] = 0.5f * dot(to + i * width, h[task] + i * width, width);
        weigh(to, to, w[task], count, width);
      }
    });
    return {of_rows, of_weights};
  }
};

}  // namespace

at::Tensor weighted_squares(const at::Tensor& rows, const at::Tensor& weights) {
  if (takes_own_loops(rows) && has_task_kernels() && rows.numel() > 0) return WeightedSquares::apply(rows, weights);
  return task_product((rows * weights).transpose(1, 2), rows);
}

}  // namespace warmstart
