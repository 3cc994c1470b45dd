#include "trainer/arithmetic/left_out_rows.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
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

constexpr float kLeastFreedom = 0.02f;  // of a row's own part in its fitted output, which 1 bounds

// A task's values.
struct OfTask {
  const float *rows, *inverse, *weights, *residuals, *precision, *starts;
  std::int64_t count, width;  // rows that are not padded, and features
  std::int64_t start_stride;  // 0 where all rows have one start

  const float* row(std::int64_t i) const { return rows + i * width; }
  const float* start(std::int64_t i) const { return starts + i * start_stride; }
};

struct OfTasks {
  explicit OfTasks(const variable_list& tensors)
      : rows(read(tensors[0])),
        inverse(read(tensors[1])),
        weights(read(tensors[2])),
        residuals(read(tensors[3])),
        precision(read(tensors[4])),
        starts(read(tensors[5])),
        most(tensors[0].size(1)),
        width(tensors[0].size(2)),
        start_stride(tensors[5].size(1) == 1 ? 0 : width) {}

  OfTask operator[](std::int64_t task) const {
    return {rows[task],
            inverse[task],
            weights[task],
            residuals[task],
            precision[task],
            starts[task],
            rows_that_count(weights[task], most),
            width,
            start_stride};
  }

  PerTask<const float> rows, inverse, weights, residuals, precision, starts;
  std::int64_t most, width, start_stride;
};

// H' W r
std::vector<float> moments(const OfTask& task) {
  std::vector<float> sum(static_cast<std::size_t>(task.width));
  for (std::int64_t i = 0; i < task.count; ++i) add_scaled(sum.data(), task.residuals[i], task.row(i), task.width);
  return sum;
}

// H' W r + Lambda M_i
void pulled(const OfTask& task, const std::vector<float>& moments, std::int64_t i, float* to) {
  const float *start = task.start(i), *moment = moments.data();
  for (std::int64_t d = 0; d < task.width; ++d) to[d] = moment[d] + task.precision[d] * start[d];
}

// A row's output is numerator / freedom.
struct Fraction {
  Fraction(const OfTask& task, std::int64_t i, const float* projected, const float* pulled)
      : own(dot(projected, task.row(i), task.width)),
        numerator(dot(projected, pulled, task.width) - own * task.residuals[i]),
        is_bounded(1.0f - own * task.weights[i] < kLeastFreedom),
        freedom(is_bounded ? kLeastFreedom : 1.0f - own * task.weights[i]) {}

  float own, numerator;
  bool is_bounded;
  float freedom;
};

// `projected`: H A^-1, which is to be kept for the way back.
void outputs_of(const OfTask& task, float* projected, float* outputs) {
  if (task.count == 0) return;
  const auto width = task.width;
  weighted_rows(projected, {}, {task.rows, width, 1}, task.inverse, task.count, width, width);
  const auto moments = warmstart::moments(task);
  std::vector<float> pull(moments.size());
  for (std::int64_t i = 0; i < task.count; ++i) {
    pulled(task, moments, i, pull.data());
    const Fraction output(task, i, projected + i * width, pull.data());
    outputs[i] = output.numerator / output.freedom;
  }
}

// Where a task's gradients go, of each argument.
struct Gradients {
  float *rows, *inverse, *weights, *residuals, *precision, *starts;
};

class WayBack {
 public:
  WayBack(const OfTask& task, const float* projected, const float* gradient, const Gradients& to)
      : task_(task), projected_(projected), gradient_(gradient), to_(to), moments_(moments(task)) {}

  void go() {
    const auto count = task_.count, width = task_.width;
    std::vector<float> pull(moments_.size());
    of_moments_.resize(moments_.size());
    of_projected_.resize(static_cast<std::size_t>(count * width));
    for (std::int64_t i = 0; i < count; ++i) {
      pulled(task_, moments_, i, pull.data());
      row(i, pull.data());
    }
    for (std::int64_t i = 0; i < count; ++i) {
      add_scaled(to_.rows + i * width, task_.residuals[i], of_moments_.data(), width);
      to_.residuals[i] += dot(task_.row(i), of_moments_.data(), width);
    }
    weighted_rows(to_.rows, {to_.rows, width}, {of_projected_.data(), width, 1}, task_.inverse, count, width, width);
    weighted_rows(to_.inverse, {}, {task_.rows, 1, width}, of_projected_.data(), width, count, width);
  }

 private:
  // What goes back from one row's output to all but the moments' rows and H A^-1.
  void row(std::int64_t i, const float* pull) {
    const auto width = task_.width;
    const auto *projected = projected_ + i * width, *h = task_.row(i), *start = task_.start(i);
    const Fraction output(task_, i, projected, pull);
    const float of_numerator = gradient_[i] / output.freedom;
    const float of_freedom = output.is_bounded ? 0.0f : -of_numerator * output.numerator / output.freedom;
    const float of_own = -of_numerator * task_.residuals[i] - of_freedom * task_.weights[i];
    to_.weights[i] = -of_freedom * output.own;
    to_.residuals[i] = -of_numerator * output.own;
    auto *of_projected = of_projected_.data() + i * width, *of_row = to_.rows + i * width;
    auto *of_moments = of_moments_.data(), *of_precision = to_.precision;
    auto* of_start = to_.starts + i * task_.start_stride;
#pragma omp simd
    for (std::int64_t d = 0; d < width; ++d) {
      const float of_pull = of_numerator * projected[d];
      of_projected[d] = of_numerator * pull[d] + of_own * h[d];
      of_row[d] = of_own * projected[d];
      of_moments[d] += of_pull;
      of_start[d] += of_pull * task_.precision[d];
      of_precision[d] += of_pull * start[d];
    }
  }

  const OfTask& task_;
  const float *projected_, *gradient_;
  Gradients to_;
  std::vector<float> moments_, of_moments_, of_projected_;
};

struct LeftOut : Function<LeftOut> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, const at::Tensor& inverse,
                            const at::Tensor& weights, const at::Tensor& residuals, const at::Tensor& precision,
                            const at::Tensor& starts) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    variable_list kept = {rows.contiguous(),      inverse.contiguous(),   weights.contiguous(),
                          residuals.contiguous(), precision.contiguous(), starts.contiguous()};
    auto outputs = at::zeros_like(kept[2]);
    kept.push_back(at::empty_like(kept[0]));
    const OfTasks tasks(kept);
    const auto to = written(outputs), projected = written(kept[6]);
    at::parallel_for(0, rows.size(0), 1, [&](std::int64_t first, std::int64_t end) {
      for (auto t = first; t < end; ++t) outputs_of(tasks[t], projected[t], to[t]);
    });
    ctx->save_for_backward(kept);
    return outputs;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("left_out_rows");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto kept = ctx->get_saved_variables();
    const auto gradient = gradients[0].contiguous();
    variable_list found;
    for (std::size_t i = 0; i < 6; ++i) found.push_back(at::zeros_like(kept[i]));
    const OfTasks tasks(kept);
    const auto of_outputs = read(gradient), projected = read(kept[6]);
    const PerTask<float> to[] = {written(found[0]), written(found[1]), written(found[2]),
                                 written(found[3]), written(found[4]), written(found[5])};
    at::parallel_for(0, kept[0].size(0), 1, [&](std::int64_t first, std::int64_t end) {
      for (auto t = first; t < end; ++t) {
        const auto task = tasks[t];
        if (task.count > 0)
          WayBack(task, projected[t], of_outputs[t], {to[0][t], to[1][t], to[2][t], to[3][t], to[4][t], to[5][t]}).go();
      }
    });
    return found;
  }
};

at::Tensor by_operators(const LeftOutRows& of) {
  const auto projected = task_product(of.rows, of.inverse);
  const auto own = (projected * of.rows).sum(2, true);
  const auto fitted = task_product(projected, task_product(of.rows.transpose(1, 2), of.residuals));
  const auto of_starts = (of.starts * of.precision.transpose(1, 2).unsqueeze(1) * projected.unsqueeze(2)).sum(3);
  return (fitted + of_starts - own * of.residuals) / (1.0 - own * of.weights).clamp_min(kLeastFreedom);
}

}  // namespace

at::Tensor left_out_rows(const LeftOutRows& of) {
  if (!takes_own_loops(of.rows) || !has_task_kernels() || of.rows.numel() == 0 || of.residuals.size(2) > 1)
    return by_operators(of);
  return LeftOut::apply(of.rows, of.inverse, of.weights, of.residuals, of.precision, of.starts);
}

}  // namespace warmstart
