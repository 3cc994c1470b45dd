#include "trainer/arithmetic/task_products.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

template <typename Work>
void for_each_task(std::int64_t tasks, const Work& work) {
  at::parallel_for(0, tasks, 1, [&](std::int64_t first, std::int64_t end) {
    for (auto task = first; task < end; ++task) work(task);
  });
}

bool is_plain(const at::Tensor& tensor) {
  return tensor.dim() == 3 && tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.is_contiguous() &&
         tensor.numel() > 0;
}

// With a [T, rows, count], or transposed [T, count, rows].
void product(at::Tensor& sum, bool adds, const at::Tensor& a, bool transposed, const at::Tensor& b) {
  const auto rows = sum.size(1), count = b.size(1), length = b.size(2);
  auto* to = sum.mutable_data_ptr<float>();
  const auto *x = a.const_data_ptr<float>(), *y = b.const_data_ptr<float>();
  for_each_task(sum.size(0), [&](std::int64_t t) {
    auto* of_task = to + t * rows * length;
    const RowStart start = {adds ? of_task : nullptr, length};
    weighted_rows(of_task, start, {x + t * rows * count, transposed ? 1 : count, transposed ? rows : 1},
                  y + t * count * length, rows, count, length);
  });
}

}  // namespace

bool suits_task_products(const at::Tensor& a, const at::Tensor& b) { return is_plain(a) && is_plain(b); }

bool suits_task_product_abt(const at::Tensor& a, const at::Tensor& b) {
  return suits_task_products(a, b) && a.size(1) * b.size(1) <= 1024;
}

at::Tensor task_product_abt(const at::Tensor& a, const at::Tensor& b) {
  const auto rows = a.size(1), columns = b.size(1), length = a.size(2);
  auto products = at::empty({a.size(0), rows, columns}, a.options());
  auto* to = products.mutable_data_ptr<float>();
  const auto *x = a.const_data_ptr<float>(), *y = b.const_data_ptr<float>();
  for_each_task(a.size(0), [&](std::int64_t t) {
    row_products(to + t * rows * columns, x + t * rows * length, y + t * columns * length, rows, columns, length);
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
