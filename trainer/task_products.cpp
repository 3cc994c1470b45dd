#include "trainer/task_products.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

namespace warmstart {
namespace {

// Each element is added up in an order that neither the CPU nor the number of threads changes.
#define WARMSTART_CPU_VARIANTS __attribute__((target_clones("arch=x86-64-v3", "default")))

using Lanes = float __attribute__((vector_size(32)));
using Pick = int __attribute__((vector_size(32)));
constexpr std::int64_t kLanes = 8;

[[gnu::always_inline]] inline Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

[[gnu::always_inline]] inline void store(float* to, const Lanes& lanes) { std::memcpy(to, &lanes, sizeof lanes); }

// Sums of neighbours, of both in turn within each half.
[[gnu::always_inline]] inline Lanes add_pairs(const Lanes& a, const Lanes& b) {
  return __builtin_shuffle(a, b, Pick{0, 2, 8, 10, 4, 6, 12, 14}) + __builtin_shuffle(a, b, Pick{1, 3, 9, 11, 5, 7, 13, 15});
}

// products [rows, columns] = a [rows, length] b', b [columns, length]: 2 x 4 at a time, their 8 lanes added up together.
WARMSTART_CPU_VARIANTS
void abt(const float* a, const float* b, float* products, std::int64_t rows, std::int64_t columns, std::int64_t length) {
  for (std::int64_t r = 0; r < rows; r += 2) {
    // Beyond the end the last row is taken again, and not stored.
    const float* a0 = a + r * length;
    const float* a1 = a + std::min(r + 1, rows - 1) * length;
    for (std::int64_t c = 0; c < columns; c += 4) {
      const float* b_row[4];
      for (int i = 0; i < 4; ++i) b_row[i] = b + std::min(c + i, columns - 1) * length;
      Lanes sum[8] = {};
      const auto whole = length - length % kLanes;
      for (std::int64_t k = 0; k < whole; k += kLanes) {
        const auto x0 = load(a0 + k), x1 = load(a1 + k);
        for (int i = 0; i < 4; ++i) {
          const auto y = load(b_row[i] + k);
          sum[i] += x0 * y;
          sum[4 + i] += x1 * y;
        }
      }
      const auto first = add_pairs(add_pairs(sum[0], sum[1]), add_pairs(sum[2], sum[3]));
      const auto second = add_pairs(add_pairs(sum[4], sum[5]), add_pairs(sum[6], sum[7]));
      const Lanes total = __builtin_shuffle(first, second, Pick{0, 1, 2, 3, 8, 9, 10, 11}) +
                          __builtin_shuffle(first, second, Pick{4, 5, 6, 7, 12, 13, 14, 15});
      float block[kLanes];
      store(block, total);
      for (auto k = whole; k < length; ++k) {
        for (int i = 0; i < 4; ++i) {
          block[i] += a0[k] * b_row[i][k];
          block[4 + i] += a1[k] * b_row[i][k];
        }
      }
      const auto count = static_cast<std::size_t>(std::min<std::int64_t>(4, columns - c)) * sizeof(float);
      std::memcpy(products + r * columns + c, block, count);
      if (r + 1 < rows) std::memcpy(products + (r + 1) * columns + c, block + 4, count);
    }
  }
}

// A matrix [rows, count] of weights, or such a one transposed.
struct Weights {
  const float* at;
  std::int64_t row_stride, stride;
};

// sum [rows, length] = or += the rows of b [count, length] as a weighs them.
WARMSTART_CPU_VARIANTS
void weighted(float* sum, bool adds, Weights a, const float* b, std::int64_t rows, std::int64_t count, std::int64_t length) {
  constexpr int kRows = 5;
  const auto whole = length - length % kLanes;
  for (std::int64_t n = 0; n < whole; n += 2 * kLanes) {
    const auto second = n + kLanes < whole ? kLanes : 0;  // the last one may be alone: it is then added up twice
    for (std::int64_t r = 0; r < rows; r += kRows) {
      const float* weight[kRows];
      for (int i = 0; i < kRows; ++i) weight[i] = a.at + std::min(r + i, rows - 1) * a.row_stride;
      Lanes left[kRows] = {}, right[kRows] = {};
      for (std::int64_t j = 0; j < count; ++j) {
        const auto y0 = load(b + j * length + n), y1 = load(b + j * length + n + second);
        for (int i = 0; i < kRows; ++i) {
          const auto w = weight[i][j * a.stride];
          left[i] += w * y0;
          right[i] += w * y1;
        }
      }
      for (int i = 0; i < kRows && r + i < rows; ++i) {
        float* to = sum + (r + i) * length + n;
        store(to, adds ? load(to) + left[i] : left[i]);
        if (second) store(to + second, adds ? load(to + second) + right[i] : right[i]);
      }
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (auto n = whole; n < length; ++n) {
      float total = 0.0f;
      for (std::int64_t j = 0; j < count; ++j) total += a.at[r * a.row_stride + j * a.stride] * b[j * length + n];
      sum[r * length + n] = adds ? sum[r * length + n] + total : total;
    }
  }
}

template <typename Work>
void for_each_task(std::int64_t tasks, const Work& work) {
  at::parallel_for(0, tasks, 1, [&](std::int64_t first, std::int64_t end) {
    for (auto task = first; task < end; ++task) work(task);
  });
}

bool is_plain(const at::Tensor& tensor) {
  return tensor.dim() == 3 && tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.is_contiguous() && tensor.numel() > 0;
}

// With a [T, rows, count], or transposed [T, count, rows].
void product(at::Tensor& sum, bool adds, const at::Tensor& a, bool transposed, const at::Tensor& b) {
  const auto rows = sum.size(1), count = b.size(1), length = b.size(2);
  auto* to = sum.mutable_data_ptr<float>();
  const auto *x = a.const_data_ptr<float>(), *y = b.const_data_ptr<float>();
  for_each_task(sum.size(0), [&](std::int64_t t) {
    const Weights weights = {x + t * rows * count, transposed ? 1 : count, transposed ? rows : 1};
    weighted(to + t * rows * length, adds, weights, y + t * count * length, rows, count, length);
  });
}

}  // namespace

bool suits_task_products(const at::Tensor& a, const at::Tensor& b) { return is_plain(a) && is_plain(b); }

bool suits_task_product_abt(const at::Tensor& a, const at::Tensor& b) { return suits_task_products(a, b) && a.size(1) * b.size(1) <= 1024; }

at::Tensor task_product_abt(const at::Tensor& a, const at::Tensor& b) {
  const auto rows = a.size(1), columns = b.size(1), length = a.size(2);
  auto products = at::empty({a.size(0), rows, columns}, a.options());
  auto* to = products.mutable_data_ptr<float>();
  const auto *x = a.const_data_ptr<float>(), *y = b.const_data_ptr<float>();
  for_each_task(a.size(0), [&](std::int64_t t) {
    abt(x + t * rows * length, y + t * columns * length, to + t * rows * columns, rows, columns, length);
  });
  return products;
}

at::Tensor task_product_atb(const at::Tensor& a, const at::Tensor& b) {
  auto result = at::empty({a.size(0), a.size(2), b.size(2)}, a.options());
  product(result, false, a, true, b);
  return result;
}

at::Tensor task_product_ab(const at::Tensor& a, const at::Tensor& b) {
  auto result = at::empty({a.size(0), a.size(1), b.size(2)}, a.options());
  product(result, false, a, false, b);
  return result;
}

void add_task_product_ab(at::Tensor& sum, const at::Tensor& a, const at::Tensor& b) { product(sum, true, a, false, b); }

}  // namespace warmstart
