#include "trainer/arithmetic/task_kernels.h"

#include <immintrin.h>
#include <libxsmm.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace warmstart {
namespace {

// Products are taken in blocks: few shapes to compile, however many rows the calls have, and operands that stay in the
// second cache.  A block goes on from the sums of the one before, so no bit depends on their size.
constexpr std::int64_t kBlockRows = 64, kBlockCount = 256, kBlockColumns = 256;

// What is met in at least so many rows or columns is worth a copy.
constexpr std::int64_t kOftenMet = 64;

// With AVX-512, LIBXSMM 1.17 goes through columns by 64.  The sums of 1 to 16 last ones it splits among several
// registers, and so adds them up in another order, unless they are all and there are at least so many rows.
constexpr std::int64_t kColumnsOfKernel = 64, kSplitColumns = 16, kFewestRows = 12;

// sum [rows, columns] = weights [rows, count] b [count, columns], or is added to; of each, the distance between its
// rows.  `transposed` means that the weights are stored as [count, rows].
struct Block {
  float* sum;
  const float *weights, *b;
  std::int64_t rows, count, columns;
  std::int64_t sum_stride, weight_stride, b_stride;
  bool transposed, adds;

  const float* weights_from(std::int64_t row, std::int64_t term) const {
    return weights + (transposed ? term * weight_stride + row : row * weight_stride + term);
  }
};

// This thread's, until its next call with the same `Use`.
template <int Use>
float* scratch(std::int64_t size) {
  thread_local std::vector<float> values;
  if (values.size() < static_cast<std::size_t>(size)) values.resize(static_cast<std::size_t>(size));
  return values.data();
}

// LIBXSMM's kernels leave the upper halves of vectors in use, which slows what is compiled without AVX down.
[[gnu::target("avx")]] void clear_upper_halves() { _mm256_zeroupper(); }

// LIBXSMM's matrices are stored column after column: for it this is sum' = b' weights'.
void run_kernel(const Block& block) {
  const auto size = [](std::int64_t value) { return static_cast<libxsmm_blasint>(value); };
  const auto b = size(block.b_stride), weights = size(block.weight_stride), sum = size(block.sum_stride);
  const float alpha = 1.0f, beta = block.adds ? 1.0f : 0.0f;
  const int flags = block.transposed ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
  const auto kernel = libxsmm_smmdispatch(size(block.columns), size(block.rows), size(block.count), &b, &weights, &sum,
                                          &alpha, &beta, &flags, nullptr);
  if (!kernel) throw std::runtime_error("LIBXSMM compiled no kernel; build with -DWARMSTART_LIBXSMM=OFF");
  kernel(block.b, block.weights, block.sum);
  clear_upper_halves();
}

// With rows of zeros below, to kFewestRows.
void run_few_rows(const Block& few) {
  auto block = few;
  auto* weights = scratch<0>(kFewestRows * few.count);
  block.sum = scratch<1>(kFewestRows * few.columns);
  for (std::int64_t r = 0; r < kFewestRows; ++r) {
    for (std::int64_t j = 0; j < few.count; ++j)
      weights[r * few.count + j] = r < few.rows ? *few.weights_from(r, j) : 0.0f;
    if (few.adds && r < few.rows) std::copy_n(few.sum + r * few.sum_stride, few.columns, block.sum + r * few.columns);
  }
  block.weights = weights;
  block.rows = kFewestRows;
  block.sum_stride = few.columns;
  block.weight_stride = few.count;
  block.transposed = false;
  run_kernel(block);
  for (std::int64_t r = 0; r < few.rows; ++r)
    std::copy_n(block.sum + r * few.columns, few.columns, few.sum + r * few.sum_stride);
}

void run_block(const Block& block) {
  const auto last = block.columns % kColumnsOfKernel;
  if (last == 0 || last > kSplitColumns) return run_kernel(block);
  if (block.columns < kColumnsOfKernel) return block.rows < kFewestRows ? run_few_rows(block) : run_kernel(block);
  // With two vectors of those before them, the last ones' sums stay whole.
  auto first = block, rest = block;
  rest.columns = last + 2 * kSplitColumns;
  first.columns -= rest.columns;
  rest.sum += first.columns;
  rest.b += first.columns;
  run_kernel(first);
  run_kernel(rest);
}

// [rows, columns] with its rows side by side: far apart in memory, they share few places in the first cache.
template <int Use>
const float* pack(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns) {
  auto* packed = scratch<Use>(rows * columns);
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(from + r * stride, columns, packed + r * columns);
  return packed;
}

// Of one block's terms and columns, all rows.
void run_panel(const Block& panel) {
  const bool packs = panel.transposed && panel.rows > kBlockRows && panel.columns >= kOftenMet;
  for (std::int64_t r = 0; r < panel.rows; r += kBlockRows) {
    auto block = panel;
    block.rows = std::min(kBlockRows, panel.rows - r);
    block.sum = panel.sum + r * panel.sum_stride;
    block.weights = panel.weights_from(r, 0);
    if (packs) {
      block.weights = pack<2>(block.weights, panel.weight_stride, panel.count, block.rows);
      block.weight_stride = block.rows;
    }
    run_block(block);
  }
}

void run_blocks(const Block& all) {
  const bool packs = all.columns > kBlockColumns && all.rows >= kOftenMet;
  for (std::int64_t n = 0; n < all.columns; n += kBlockColumns) {
    for (std::int64_t j = 0; j < all.count; j += kBlockCount) {
      auto panel = all;
      panel.count = std::min(kBlockCount, all.count - j);
      panel.columns = std::min(kBlockColumns, all.columns - n);
      panel.adds = all.adds || j > 0;
      panel.sum = all.sum + n;
      panel.weights = all.weights_from(0, j);
      panel.b = all.b + j * all.b_stride + n;
      if (packs) {
        panel.b = pack<3>(panel.b, all.b_stride, panel.count, panel.columns);
        panel.b_stride = panel.columns;
      }
      run_panel(panel);
    }
  }
}

// [columns, rows], from [rows, columns].
template <int Use>
const float* transposed(const float* from, std::int64_t rows, std::int64_t columns) {
  auto* to = scratch<Use>(rows * columns);
  const auto in = static_cast<libxsmm_blasint>(columns), out = static_cast<libxsmm_blasint>(rows);
  libxsmm_otrans(to, from, sizeof(float), in, out, in, out);
  return to;
}

void start_from(float* sum, RowStart start, std::int64_t rows, std::int64_t length) {
  if (!start.at || start.at == sum) return;
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(start.at + r * start.row_stride, length, sum + r * length);
}

}  // namespace

bool has_task_kernels() {
  // On other processors LIBXSMM adds up in other orders.
  static const auto processor = libxsmm_get_target_archid();
  return processor == LIBXSMM_X86_AVX2 || processor >= LIBXSMM_X86_AVX512_CORE;
}

void row_products(float* products, const float* a, const float* b, std::int64_t rows, std::int64_t columns,
                  std::int64_t length) {
  weighted_rows(products, {}, {a, length, 1}, transposed<4>(b, columns, length), rows, length, columns);
}

void weighted_rows(float* sum, RowStart start, RowWeights weights, const float* b, std::int64_t rows,
                   std::int64_t count, std::int64_t length) {
  start_from(sum, start, rows, length);
  const bool by_column = weights.stride != 1, adds = start.at != nullptr;
  if (length > 1) {
    // A single row may come with any stride.
    const auto stride = by_column ? weights.stride : std::max(weights.row_stride, count);
    return run_blocks({sum, weights.at, b, rows, count, length, length, stride, length, by_column, adds});
  }
  // A single column would fill one lane of a vector: it is taken as a row.
  const auto* columns = by_column ? weights.at : transposed<5>(weights.at, rows, count);
  run_blocks({sum, b, columns, 1, count, rows, rows, count, rows, false, adds});
}

}  // namespace warmstart
