#include "trainer/arithmetic/positive_inverse.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/second_order.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Of the value on the diagonal: what rounding leaves of smaller pivots may be of either sign.
constexpr float kLeastPivot = 1e-5f;

// Values that a sweep takes at a time: rows are padded to a multiple of it, so that none are left over.
constexpr std::int64_t kLanes = 16;

// The lower triangle of a matrix [n, stride] changed by rank one, with each value's product and difference rounded by
// themselves, so that the bits are those of any processor.
#ifdef __x86_64__
[[gnu::target_clones("avx2", "default")]]
#endif
void change_by_rank_one(float* __restrict matrix, const float* __restrict column, float inverse, std::int64_t n,
                        std::int64_t stride) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float factor = column[i] * inverse;
    auto* row = matrix + i * stride;
    for (std::int64_t j = 0; j <= i; j += kLanes)
      for (std::int64_t lane = 0; lane < kLanes; ++lane) row[j + lane] -= factor * column[j + lane];
  }
}

// The symmetric sweep operator (Dempster 1969) on the lower triangle of a matrix [n, stride]: each sweep is a rank-one
// change, and all of them leave minus the inverse.  A LAPACK would take other ways, to other bits, by where a matrix
// begins.
void sweep(float* matrix, std::int64_t n, std::int64_t stride) {
  std::vector<float> floors, column(static_cast<std::size_t>(stride));
  for (std::int64_t i = 0; i < n; ++i) floors.push_back(kLeastPivot * matrix[i * stride + i]);
  auto* p = column.data();
  for (std::int64_t k = 0; k < n; ++k) {
    auto* own = matrix + k * stride;
    const float inverse = 1.0f / std::max(own[k], floors[static_cast<std::size_t>(k)]);
    std::copy_n(own, k, p);
    p[k] = 0.0f;
    for (auto i = k + 1; i < n; ++i) p[i] = matrix[i * stride + k];
    change_by_rank_one(matrix, p, inverse, n, stride);
    for (std::int64_t i = 0; i < k; ++i) own[i] = p[i] * inverse;
    for (auto i = k + 1; i < n; ++i) matrix[i * stride + k] = p[i] * inverse;
    own[k] = -inverse;
  }
}

// The leading n rows and columns of a matrix in place; the others become 0.
void invert(float* matrix, std::int64_t n, std::int64_t stride) {
  const auto padded = (n + kLanes - 1) / kLanes * kLanes;
  std::vector<float> lower(static_cast<std::size_t>(n * padded));
  auto* values = lower.data();
  for (std::int64_t i = 0; i < n; ++i) std::copy_n(matrix + i * stride, i + 1, values + i * padded);
  sweep(values, n, padded);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j <= i; ++j) matrix[i * stride + j] = matrix[j * stride + i] = -values[i * padded + j];
  for (std::int64_t i = 0; i < stride; ++i)
    std::fill(matrix + i * stride + (i < n ? n : 0), matrix + (i + 1) * stride, 0.0f);
}

struct PositiveInverse : Function<PositiveInverse> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& matrices, const at::Tensor& diagonals,
                            const at::Tensor& counts) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    auto inverses = matrices.clone(at::MemoryFormat::Contiguous);
    inverses.diagonal(0, 1, 2).add_(diagonals);
    const auto n = inverses.size(1);
    auto* values = inverses.mutable_data_ptr<float>();
    const auto rows = counts.contiguous();
    const auto* count = rows.const_data_ptr<float>();
    at::parallel_for(0, inverses.size(0), 1, [&](std::int64_t first, std::int64_t end) {
      for (auto task = first; task < end; ++task)
        invert(values + task * n * n, static_cast<std::int64_t>(count[task]), n);
    });
    ctx->save_for_backward({inverses});
    return inverses;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("positive_inverse");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto inverses = ctx->get_saved_variables()[0];
    const auto of_matrices = task_product(task_product(inverses, gradients[0].contiguous()), inverses).neg_();
    return {of_matrices, of_matrices.diagonal(0, 1, 2), {}};
  }
};

// By Newton's iteration (Schulz 1933), X <- X (2 I - A X), on the matrix with ones for its diagonal.  In float32 its
// rounds are enough for a condition of some 50,000 there.
at::Tensor inverse_by_products(const at::Tensor& matrices, const at::Tensor& identity) {
  constexpr int kRounds = 20;
  const auto scale = at::rsqrt((matrices * identity).sum(2));
  const auto scales = scale.unsqueeze(2) * scale.unsqueeze(1);
  const auto a = matrices * scales;
  const auto twice = 2.0 * identity;
  // A task without rows has no largest sum.
  const auto sums = a.abs().sum(2);
  const auto largest = at::cat({sums, sums.sum(1, true) * 0.0 + 1.0}, 1).amax(1);
  auto x = identity / largest.unsqueeze(1).unsqueeze(2);
  for (int round = 0; round < kRounds; ++round) x = at::matmul(x, twice - at::matmul(a, x));
  return x * scales;
}

}  // namespace

at::Tensor positive_inverse(const at::Tensor& matrices, const at::Tensor& diagonals, const at::Tensor& counts) {
  if (takes_own_loops(matrices)) return PositiveInverse::apply(matrices, diagonals, counts);
  const auto number = at::cumsum(at::ones_like(diagonals), 1);  // of each row, from 1 on
  const auto identity = number.unsqueeze(2).eq(number.unsqueeze(1)).to(matrices.scalar_type());
  const auto mask = number.le(counts).to(matrices.scalar_type());
  const auto pairs = mask.unsqueeze(2) * mask.unsqueeze(1);
  const auto padded = matrices * pairs + identity * (diagonals * mask + (1.0 - mask)).unsqueeze(2);
  return (PlainArithmetic::stands() ? inverse_by_products(padded, identity)
                                    : at::cholesky_inverse(at::linalg_cholesky(padded))) *
         pairs;
}

}  // namespace warmstart
