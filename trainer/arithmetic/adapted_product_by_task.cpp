#include "trainer/arithmetic/adapted_product_by_task.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "trainer/arithmetic/elementwise.h"
#include "trainer/arithmetic/per_task.h"
#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

bool is_plain(const at::Tensor& tensor) {
  return !tensor.defined() || (tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.is_contiguous());
}

bool wants_gradient(const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); }

const float* values_of(const at::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }

// The values of what is multiplied.
struct Operands {
  Operands(const AdaptedProductTerms& terms, const at::Tensor& multiplied)
      : tasks(multiplied.size(0)),
        rows(multiplied.dim() == 2 ? 1 : multiplied.size(1)),
        inputs(multiplied.size(-1)),
        outputs(terms.shared.matrix.defined() ? terms.shared.matrix.size(1) : terms.remembered.values.size(2)),
        memory(terms.remembered.keys.defined() ? terms.remembered.keys.size(1) : 0),
        matrix(values_of(terms.shared.matrix)),
        transpose(values_of(terms.shared.transpose)),
        first_tasks(multiplied.dim() == 2 && !terms.microbatches.first_rows.empty()
                        ? terms.microbatches.first_rows
                        : terms.microbatches.first_tasks(tasks)),
        shares_of_all(memory > 0 ? terms.remembered.shares.contiguous() : at::Tensor()),
        x(read(multiplied)),
        keys(read(terms.remembered.keys)),
        values(read(terms.remembered.values)),
        shares(read(shares_of_all)) {}

  std::int64_t tasks, rows, inputs, outputs, memory;
  const float *matrix, *transpose;
  std::vector<std::int64_t> first_tasks;  // of the microbatches, and the end
  at::Tensor shares_of_all;
  PerTask<const float> x, keys, values, shares;
};

// How many parts the tasks are cut into: each microbatch's into as many as there are threads.
std::int64_t count_parts(const Microbatches& microbatches) { return microbatches.count * at::get_num_threads(); }

// Calls work(first, end, part) for a few tasks at a time: enough that their rows are worth a pass over M, and no more
// than stay in the cache.  Calls of one part come one after the other.
template <typename Work>
void for_groups_of_tasks(const Operands& all, std::int64_t parts, const Work& work) {
  const auto group = std::max<std::int64_t>(1, 200 / all.rows);
  const auto parts_of_microbatch = parts / (static_cast<std::int64_t>(all.first_tasks.size()) - 1);
  const auto first_of = [&](std::int64_t microbatch, std::int64_t part) {
    const auto* first = &all.first_tasks[static_cast<std::size_t>(microbatch)];
    return first[0] + (first[1] - first[0]) * part / parts_of_microbatch;
  };
  at::parallel_for(0, parts, 1, [&](std::int64_t first_part, std::int64_t end_part) {
    for (auto part = first_part; part < end_part; ++part) {
      const auto microbatch = part / parts_of_microbatch, own = part % parts_of_microbatch;
      const auto end = first_of(microbatch, own + 1);
      for (auto task = first_of(microbatch, own); task < end; task += group)
        work(task, std::min(end, task + group), part);
    }
  });
}

// z = start + ((x keys' + bias) diag(shares)) values of one task; `products` may be null.
void add_remembered(const Operands& all, std::int64_t task, float bias, float* products, float* scaled, RowStart start,
                    float* z) {
  row_products(scaled, all.x[task], all.keys[task], all.rows, all.memory, all.inputs);
  const auto* shares = all.shares[task];
  for (std::int64_t r = 0; r < all.rows; ++r) {
    for (std::int64_t m = 0; m < all.memory; ++m) {
      auto& product = scaled[r * all.memory + m];
      product += bias;
      if (products) products[r * all.memory + m] = product;
      product *= shares[m];
    }
  }
  weighted_rows(z, start, {scaled, all.memory, 1}, all.values[task], all.rows, all.memory, all.outputs);
}

// The gradient of what all tasks share, if it takes one, by microbatch: each part adds to a sum of its own.
class SumOfParts {
 public:
  SumOfParts(bool learns, const at::Tensor& shared, const Microbatches& microbatches) {
    if (!learns) return;
    auto shape = shared.sizes().vec();
    shape.insert(shape.begin(), {microbatches.count, count_parts(microbatches) / microbatches.count});
    sums_ = at::zeros(shape, shared.options());
    part_ = {sums_.mutable_data_ptr<float>(), shared.numel()};
  }
  float* operator[](std::int64_t part) const { return part_[part]; }
  at::Tensor by_microbatch() const {
    if (!sums_.defined()) return sums_;
    return sums_.size(1) > 1 ? sums_.sum(1) : sums_.squeeze(1);
  }

 private:
  at::Tensor sums_;
  PerTask<float> part_;
};

// Goes back through a product, a few tasks at a time.
class ReverseByTask {
 public:
  ReverseByTask(const AdaptedProductTerms& terms, const AdaptedProduct& made, const at::Tensor& d,
                const at::Tensor& of_made_x)
      : terms_(terms),
        all_(terms, made.x),
        parts_(count_parts(terms.microbatches)),
        of_matrix_(terms.learns.matrix, terms.shared.matrix, terms.microbatches),
        of_transpose_(terms.learns.transpose, terms.shared.transpose, terms.microbatches),
        of_bias_(terms.learns.start_bias, terms.start_bias, terms.microbatches),
        d_(read(d)),
        z_(read(made.z)),
        elsewhere_(read(of_made_x)),
        behind_(read(terms.behind)),
        products_(read(made.products)),
        scaled_(read(made.scaled)) {
    const auto& [keys, values, shares, key_bias, plain_bias] = terms.remembered;
    of_.x = like(made.x, terms.x);
    of_.start_rows = terms.rectifier.rectifies || !wants_gradient(terms.start_rows) ? like(d, terms.start_rows) : d;
    of_.keys = like(keys, keys);
    of_.values = like(values, values);
    of_.shares = like(all_.shares_of_all, shares);
    if (terms.learns.key_bias) of_key_bias_by_task_ = at::zeros({all_.tasks}, d.options());
    of_x_ = written(of_.x);
    if (terms.rectifier.rectifies) of_start_rows_ = written(of_.start_rows);
    of_keys_ = written(of_.keys);
    of_values_ = written(of_.values);
    of_shares_ = written(of_.shares);
    of_key_bias_ = written(of_key_bias_by_task_);
  }

  AdaptedProductGradients run() {
    for_groups_of_tasks(all_, parts_,
                        [this](std::int64_t first, std::int64_t end, std::int64_t part) { go_back(first, end, part); });
    of_.matrix = of_matrix_.by_microbatch();
    of_.transpose = of_transpose_.by_microbatch();
    of_.start_bias = of_bias_.by_microbatch();
    if (terms_.learns.key_bias) of_.key_bias = of_key_bias_by_task_.view({terms_.microbatches.count, -1}).sum(1);
    return of_;
  }

 private:
  static at::Tensor like(const at::Tensor& tensor, const at::Tensor& wanted) {
    return wants_gradient(wanted) ? at::empty(tensor.sizes(), tensor.options()) : at::Tensor();
  }

  void go_back(std::int64_t first, std::int64_t end, std::int64_t part) const {
    const auto count = (end - first) * all_.rows;
    const auto* g = before_z_was_rectified(first, count);
    auto* of_x = of_x_[first];
    if (of_x && all_.matrix)
      weighted_rows(of_x, start_of_x(first), {g, all_.outputs, 1}, all_.transpose, count, all_.outputs, all_.inputs);
    for (auto task = first; all_.memory > 0 && task < end; ++task)
      go_back_to_memory(task, g + (task - first) * all_.rows * all_.outputs);
    if (of_x && behind_.first)
      before_rectifier(of_x, of_x, behind_[first], count * all_.inputs, static_cast<float>(terms_.behind_slope));
    const auto* x = all_.x[first];
    if (auto* to = of_matrix_[part])
      weighted_rows(to, {to, all_.outputs}, {x, 1, all_.inputs}, g, all_.inputs, count, all_.outputs);
    if (auto* to = of_transpose_[part])
      weighted_rows(to, {to, all_.inputs}, {g, 1, all_.outputs}, x, all_.outputs, count, all_.inputs);
    if (auto* to = of_bias_[part]) add_rows(to, g, count, all_.outputs);
  }

  // The gradient at z before it was rectified, for `count` rows.
  const float* before_z_was_rectified(std::int64_t first, std::int64_t count) const {
    if (!terms_.rectifier.rectifies) return d_[first];
    thread_local std::vector<float> unwanted;
    auto* to = of_start_rows_[first];
    if (!to) {
      unwanted.resize(static_cast<std::size_t>(count * all_.outputs));
      to = unwanted.data();
    }
    before_rectifier(to, d_[first], z_[first], count * all_.outputs, static_cast<float>(terms_.rectifier.slope));
    return to;
  }

  RowStart start_of_x(std::int64_t task) const { return {elsewhere_[task], all_.inputs}; }

  // For one task: gradients at its keys, values, shares and key bias; adds the memory's part to x's.
  void go_back_to_memory(std::int64_t task, const float* g) const {
    const auto rows = all_.rows, memory = all_.memory, inputs = all_.inputs;
    thread_local std::vector<float> of_products;
    of_products.resize(static_cast<std::size_t>(rows * memory));
    if (auto* to = of_values_[task]) weighted_rows(to, {}, {scaled_[task], 1, memory}, g, memory, rows, all_.outputs);
    row_products(of_products.data(), g, all_.values[task], rows, memory, all_.outputs);
    if (auto* to = of_shares_[task]) add_to_shares(to, of_products.data(), products_[task]);
    const auto sum = scale_by_shares(of_products.data(), all_.shares[task]);
    if (auto* to = of_key_bias_[task]) *to = sum;
    if (auto* to = of_keys_[task])
      weighted_rows(to, {}, {of_products.data(), 1, memory}, all_.x[task], memory, rows, inputs);
    auto* of_x = of_x_[task];
    if (!of_x) return;
    const auto start = all_.matrix ? RowStart{of_x, inputs} : start_of_x(task);
    weighted_rows(of_x, start, {of_products.data(), memory, 1}, all_.keys[task], rows, memory, inputs);
  }

  void add_to_shares(float* of_shares, const float* of_products, const float* products) const {
    std::fill_n(of_shares, all_.memory, 0.0f);
    for (std::int64_t r = 0; r < all_.rows; ++r)
      for (std::int64_t m = 0; m < all_.memory; ++m)
        of_shares[m] += of_products[r * all_.memory + m] * products[r * all_.memory + m];
  }

  // Returns the sum of what is scaled.
  float scale_by_shares(float* of_products, const float* shares) const {
    float sum = 0.0f;
    for (std::int64_t r = 0; r < all_.rows; ++r)
      for (std::int64_t m = 0; m < all_.memory; ++m) sum += of_products[r * all_.memory + m] *= shares[m];
    return sum;
  }

  const AdaptedProductTerms& terms_;
  const Operands all_;
  const std::int64_t parts_;
  const SumOfParts of_matrix_, of_transpose_, of_bias_;
  const PerTask<const float> d_, z_, elsewhere_, behind_, products_, scaled_;
  AdaptedProductGradients of_;
  at::Tensor of_key_bias_by_task_;
  PerTask<float> of_x_, of_start_rows_, of_keys_, of_values_, of_shares_, of_key_bias_;
};

}  // namespace

bool goes_by_task(const AdaptedProductTerms& terms) {
  const auto& [x, shared, remembered, start_bias, start_rows, rectifier, behind, behind_slope, learns, microbatches] =
      terms;
  const bool remembers = remembered.keys.defined() && remembered.keys.size(1) > 0;
  return has_task_kernels() && (x.dim() == 3 || !remembers) && x.numel() > 0 &&
         (shared.matrix.defined() || remembers) && is_plain(x) && is_plain(shared.matrix) &&
         is_plain(shared.transpose) && is_plain(start_bias) && is_plain(start_rows) && is_plain(behind) &&
         is_plain(remembered.keys) && is_plain(remembered.values);
}

bool goes_by_task(const AdaptedProduct& made) {
  return is_plain(made.x) && is_plain(made.z) && is_plain(made.products) && is_plain(made.scaled);
}

AdaptedProduct adapted_product_by_task(const AdaptedProductTerms& terms) {
  AdaptedProduct made;
  made.x = terms.behind.defined() ? at::empty_like(terms.x) : terms.x;
  const Operands all(terms, made.x);
  auto shape = made.x.sizes().vec();
  shape.back() = all.outputs;
  made.z = at::empty(shape, made.x.options());
  if (all.memory > 0) made.scaled = at::empty({all.tasks, all.rows, all.memory}, made.x.options());
  if (all.memory > 0 && terms.remembered.shares.requires_grad()) made.products = at::empty_like(made.scaled);
  const auto z = written(made.z), scaled = written(made.scaled), products = written(made.products);
  const auto from = read(terms.x), behind = read(terms.behind);
  const auto before = behind.first ? written(made.x) : PerTask<float>();
  const auto start = warmstart::start_of(terms);
  const auto& key_bias = terms.remembered.key_bias;
  const auto bias = key_bias.defined() ? key_bias.item<float>() : static_cast<float>(terms.remembered.plain_bias);
  const auto start_of = [&](std::int64_t task) -> RowStart {
    const bool of_each_row = start.defined() && start.dim() > 1;
    return of_each_row ? RowStart{read(start)[task], all.outputs} : RowStart{values_of(start), 0};
  };
  for_groups_of_tasks(all, count_parts(terms.microbatches), [&](std::int64_t first, std::int64_t end, std::int64_t) {
    const auto count = (end - first) * all.rows;
    if (behind.first) {
      before_rectifier(before[first], from[first], behind[first], count * all.inputs,
                       static_cast<float>(terms.behind_slope));
    }
    if (all.matrix)
      weighted_rows(z[first], start_of(first), {all.x[first], all.inputs, 1}, all.matrix, count, all.inputs,
                    all.outputs);
    for (auto task = first; all.memory > 0 && task < end; ++task) {
      const auto sum_so_far = all.matrix ? RowStart{z[task], all.outputs} : start_of(task);
      add_remembered(all, task, bias, products[task], scaled[task], sum_so_far, z[task]);
    }
    if (terms.rectifier.rectifies) rectify(z[first], count * all.outputs, static_cast<float>(terms.rectifier.slope));
  });
  return made;
}

AdaptedProductGradients adapted_product_gradients_by_task(const AdaptedProductTerms& terms, const AdaptedProduct& made,
                                                          const at::Tensor& d, const at::Tensor& of_made_x) {
  return ReverseByTask(terms, made, d, of_made_x).run();
}

}  // namespace warmstart
