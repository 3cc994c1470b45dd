#include "trainer/optimizers/row_optimizer.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "checkpoints/manifest.h"

namespace warmstart {
namespace {

constexpr const char* kSumOfSquares = "adagrad_sum_of_squares";
constexpr std::int64_t kPowers = 4096;
constexpr std::int64_t kAhead = 4;  // rows that are on their way from memory meanwhile

std::vector<double> powers_of(double base) {
  std::vector<double> powers;
  powers.reserve(kPowers);
  for (std::int64_t i = 0; i < kPowers; ++i) powers.push_back(std::pow(base, static_cast<double>(i)));
  return powers;
}

double power(const std::vector<double>& powers, double base, std::int64_t exponent) {
  return exponent < kPowers ? powers[static_cast<std::size_t>(exponent)]
                            : std::pow(base, static_cast<double>(exponent));
}

// Without a branch, so that the compiler makes vectors of it: of what is not finite all bits of the exponent are set.
bool all_finite(const float* numbers, std::int64_t count) {
  constexpr std::uint32_t kExponent = 0x7F800000;
  std::uint32_t some = 0;
  for (std::int64_t i = 0; i < count; ++i)
    some |= (std::bit_cast<std::uint32_t>(numbers[i]) & kExponent) == kExponent ? 1 : 0;
  return some == 0;
}

// Calls update(record, its row of the gradient, when it last changed) for each row, which then changes in the step that
// makes `done` of them; notes those that are not finite any more.
template <typename Update>
void for_each_row(const RowGradient& gradient, std::int64_t done, const Update& update) {
  const auto count = gradient.places.numel(), stride = gradient.table->records.size(1), width = gradient.table->width;
  const auto* place = gradient.places.const_data_ptr<std::int64_t>();
  const auto* row = gradient.gradient.const_data_ptr<float>();
  auto* records = gradient.table->records.mutable_data_ptr<float>();
  auto& not_finite = *gradient.table->not_finite;
  auto* changed = gradient.table->steps.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* next = records + place[std::min(i + kAhead, count - 1)] * stride;
    for (std::int64_t k = 0; k < stride; k += 16) __builtin_prefetch(next + k, 1);
    update(records + place[i] * stride, row + i * width, changed[place[i]]);
    changed[place[i]] = done;
    if (!all_finite(records + place[i] * stride, stride))
      not_finite.insert(place[i]);
    else if (!not_finite.empty())
      not_finite.erase(place[i]);
  }
}

struct AdamStep {
  float beta1, beta2;         // that the moments decay by
  float added1, added2;       // what gradients weigh in them
  float rate, root, epsilon;  // the rate and the root of the second moment, both corrected for the start from 0
  float scale, l2;
};

void adam_row(float* __restrict x, const float* __restrict gradient, std::int64_t width, const AdamStep& step) {
  auto* __restrict m = x + width;
  auto* __restrict v = x + 2 * width;
  for (std::int64_t i = 0; i < width; ++i) {
    const float g = step.scale * gradient[i] + step.l2 * x[i];
    m[i] = step.beta1 * m[i] + step.added1 * g;
    v[i] = step.beta2 * v[i] + step.added2 * g * g;
    x[i] -= step.rate * m[i] / (step.root * std::sqrt(v[i]) + step.epsilon);
  }
}

}  // namespace

RowOptimizer::RowOptimizer(ShardedTables& tables, const ShardingOptions& options, const AdamOptions& adam)
    : options_(options), adam_(adam), first_powers_(powers_of(adam.beta1)), second_powers_(powers_of(adam.beta2)) {
  if (options.optimizer == RowRule::kLazyAdam) tables.keep_beside({kFirstMoment, kSecondMoment}, true);
  if (options.optimizer == RowRule::kRowwiseAdagrad) tables.keep_beside({kSumOfSquares}, false);
  if (options.optimizer == RowRule::kSgd) tables.keep_beside({}, false);
}

void RowOptimizer::update(const std::vector<RowGradient>& gradients, std::int64_t step, double schedule,
                          double scale) const {
  const double rate = options_.rate.value_or(adam_.rate) * schedule;
  for (const auto& gradient : gradients) {
    const auto l2 =
        static_cast<float>(gradient.table->group == ParameterGroup::kEmbedding ? adam_.embedding_l2 : adam_.network_l2);
    const auto factor = static_cast<float>(scale);
    if (options_.optimizer == RowRule::kLazyAdam) {
      lazy_adam(gradient, step, rate, factor, l2);
    } else if (options_.optimizer == RowRule::kRowwiseAdagrad) {
      rowwise_adagrad(gradient, step, rate, factor, l2);
    } else {
      const auto width = gradient.table->width;
      const auto of_step = static_cast<float>(rate);
      for_each_row(gradient, step + 1, [=](float* x, const float* row, auto) {
        for (std::int64_t i = 0; i < width; ++i) x[i] -= of_step * (factor * row[i] + l2 * x[i]);
      });
    }
  }
}

void RowOptimizer::lazy_adam(const RowGradient& gradient, std::int64_t step, double rate, float scale, float l2) const {
  const auto& table = *gradient.table;
  const auto done = step + 1;
  AdamStep of_row = {.beta1 = 0,
                     .beta2 = 0,
                     .added1 = static_cast<float>(1.0 - adam_.beta1),
                     .added2 = static_cast<float>(1.0 - adam_.beta2),
                     .rate = static_cast<float>(rate / (1.0 - std::pow(adam_.beta1, done))),
                     .root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(adam_.beta2, done))),
                     .epsilon = static_cast<float>(options_.epsilon),
                     .scale = scale,
                     .l2 = l2};
  for_each_row(gradient, done, [&](float* x, const float* row, std::int64_t changed) {
    const auto since = done - changed;
    of_row.beta1 = static_cast<float>(power(first_powers_, adam_.beta1, since));
    of_row.beta2 = static_cast<float>(power(second_powers_, adam_.beta2, since));
    adam_row(x, row, table.width, of_row);
  });
}

void RowOptimizer::rowwise_adagrad(const RowGradient& gradient, std::int64_t step, double rate, float scale,
                                   float l2) const {
  const auto width = gradient.table->width;
  for_each_row(gradient, step + 1, [&](float* x, const float* row, auto) {
    double squares = 0.0;
    for (std::int64_t i = 0; i < width; ++i) {
      const double g = scale * row[i] + l2 * x[i];
      squares += g * g;
    }
    auto& sum = x[width];
    sum += static_cast<float>(squares / static_cast<double>(width));
    const auto of_row = static_cast<float>(rate / (std::sqrt(static_cast<double>(sum)) + options_.epsilon));
    for (std::int64_t i = 0; i < width; ++i) x[i] -= of_row * (scale * row[i] + l2 * x[i]);
  });
}

void subtract(const std::vector<RowGradient>& gradients, std::int64_t step, double rate) {
  for (const auto& gradient : gradients) {
    const auto width = gradient.table->width;
    for_each_row(gradient, step + 1, [=, rate = static_cast<float>(rate)](float* x, const float* row, auto) {
      for (std::int64_t i = 0; i < width; ++i) x[i] -= rate * row[i];
    });
  }
}

}  // namespace warmstart
