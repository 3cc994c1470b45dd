#include "trainer/arithmetic/bag_sum.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/second_order.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

void add_scaled(float* sum, const float* row, float weight, std::int64_t width) {
  for (std::int64_t i = 0; i < width; ++i) sum[i] += weight * row[i];
}

// Calls add(n, place, weight) for each place of each bag n, in order.
template <typename Add>
void for_each_place(const at::Tensor& places, const at::Tensor& offsets, const at::Tensor& weights, const Add& add) {
  const auto* place = places.const_data_ptr<std::int64_t>();
  const auto* offset = offsets.const_data_ptr<std::int64_t>();
  const auto* weight = weights.const_data_ptr<float>();
  const auto bags = offsets.size(0);
  for (std::int64_t n = 0; n < bags; ++n) {
    const auto end = n + 1 < bags ? offset[n + 1] : places.size(0);
    for (auto i = offset[n]; i < end; ++i) add(n, place[i], weight[i]);
  }
}

// LibTorch's embedding_bag sorts all ids to go back; one thread that adds rows in their order needs no sorting.
struct BagSum : Function<BagSum> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, const at::Tensor& places,
                            const at::Tensor& offsets, const at::Tensor& weights) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    const auto width = rows.size(1);
    auto sums = at::zeros({offsets.size(0), width}, rows.options());
    const auto* from = rows.const_data_ptr<float>();
    auto* to = sums.mutable_data_ptr<float>();
    for_each_place(places, offsets, weights, [=](std::int64_t n, std::int64_t place, float weight) {
      add_scaled(to + n * width, from + place * width, weight, width);
    });
    ctx->save_for_backward({places, offsets, weights});
    ctx->saved_data["rows"] = rows.size(0);
    return sums;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("bag_sum");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto saved = ctx->get_saved_variables();
    const auto g = gradients[0].contiguous();
    const auto width = g.size(1);
    const auto sums = at::zeros({ctx->saved_data["rows"].toInt(), width}, g.options());
    const auto* from = g.const_data_ptr<float>();
    auto* to = sums.mutable_data_ptr<float>();
    for_each_place(saved[0], saved[1], saved[2], [=](std::int64_t n, std::int64_t place, float weight) {
      add_scaled(to + place * width, from + n * width, weight, width);
    });
    return {sums, {}, {}, {}};
  }
};

}  // namespace

at::Tensor bag_sum(const at::Tensor& rows, const at::Tensor& places, const at::Tensor& offsets,
                   const at::Tensor& weights) {
  if (rows.scalar_type() == at::kDouble || PlainArithmetic::stands()) {
    // Double precision is for references, which differentiate more often.
    const auto ends = at::cat({offsets.slice(0, 1), at::full({1}, places.size(0), offsets.options())});
    const auto bag = at::repeat_interleave(ends - offsets);
    const auto weighted = rows.index_select(0, places) * weights.unsqueeze(1);
    return at::zeros({offsets.size(0), rows.size(1)}, rows.options()).index_add(0, bag, weighted);
  }
  if (rows.is_cpu()) return BagSum::apply(rows.contiguous(), places, offsets, weights);
  return std::get<0>(at::embedding_bag(rows, places, offsets, false, 0, false, weights));
}

}  // namespace warmstart
