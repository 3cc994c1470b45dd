#include "trainer/baselines/als.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/errors.h"
#include "base/host.h"
#include "base/random.h"

namespace warmstart {
namespace {

constexpr double kTaskBiasPenalty = 2.0, kEntityBiasPenalty = 5.0;
constexpr std::int64_t kSolvedAtOnce = 1024;  // bounds the memory of the normal equations

// The rows of each owner, in compressed-sparse-row form.
struct Grouped {
  std::vector<std::int64_t> offsets, rows;
  Grouped(const std::vector<std::int64_t>& owner, std::int64_t owners)
      : offsets(static_cast<std::size_t>(owners) + 1, 0), rows(owner.size()) {
    for (const auto number : owner) ++offsets[static_cast<std::size_t>(number) + 1];
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    auto next = offsets;
    for (std::size_t i = 0; i < owner.size(); ++i) {
      rows[static_cast<std::size_t>(next[static_cast<std::size_t>(owner[i])]++)] = static_cast<std::int64_t>(i);
    }
  }
};

// The normal equations of one ridge regression: target ~ factors . vector + bias.
class NormalEquations {
 public:
  // Writes into a [width, width] and b [width], which are zero.
  NormalEquations(double* a, double* b, std::int64_t width, double penalty, double bias_penalty)
      : a_(a), b_(b), width_(width) {
    for (std::int64_t i = 0; i < width; ++i) a_[i * width + i] = i + 1 < width ? penalty : bias_penalty;
  }
  // `side`: the other side's factors and bias; its bias is already off the target.
  void add(const double* side, double target) {
    for (std::int64_t i = 0; i < width_; ++i) {
      const double x = i + 1 < width_ ? side[i] : 1.0;
      for (std::int64_t j = 0; j + 1 < width_; ++j) a_[i * width_ + j] += x * side[j];
      a_[i * width_ + width_ - 1] += x;
      b_[i] += x * target;
    }
  }

 private:
  double *a_, *b_;
  std::int64_t width_;
};

// One half-round: every owner's factors and bias given the other side's.
void solve_side(at::Tensor& own, const Grouped& grouped, const at::Tensor& other,
                const std::vector<std::int64_t>& other_of_row, const std::vector<double>& centred, double penalty,
                double bias_penalty) {
  const auto width = own.size(1);
  const auto* side = other.const_data_ptr<double>();
  for (std::int64_t first = 0; first < own.size(0); first += kSolvedAtOnce) {
    const auto count = std::min(kSolvedAtOnce, own.size(0) - first);
    auto a = at::zeros({count, width, width}, at::kDouble), b = at::zeros({count, width, 1}, at::kDouble);
    for (std::int64_t i = 0; i < count; ++i) {
      NormalEquations equations(a.mutable_data_ptr<double>() + i * width * width,
                                b.mutable_data_ptr<double>() + i * width, width, penalty, bias_penalty);
      for (auto place = grouped.offsets[static_cast<std::size_t>(first + i)];
           place < grouped.offsets[static_cast<std::size_t>(first + i) + 1]; ++place) {
        const auto row = static_cast<std::size_t>(grouped.rows[static_cast<std::size_t>(place)]);
        const auto* vector = side + other_of_row[row] * width;
        equations.add(vector, centred[row] - vector[width - 1]);
      }
    }
    own.narrow(0, first, count).copy_(at::linalg_solve(a, b).squeeze(2));
  }
}

}  // namespace

void check(const AlsOptions& options, std::int64_t tasks, std::int64_t entities) {
  const double width = static_cast<double>(options.factors) + 1, owners = static_cast<double>(tasks + entities);
  const auto solved = static_cast<double>(std::clamp<std::int64_t>(std::max(tasks, entities), 1, kSolvedAtOnce));
  // Their matrices stand once more in the solver.
  require_memory(sizeof(double) * (owners * width + 2 * solved * width * width),
                 fmt::format("evaluate.als-factors = {}: the factors and normal equations", options.factors));
}

Als::Als(const TrainingRows& rows, const Schema& schema, const AlsOptions& options, std::uint64_t seed)
    : options_(options),
      label_min_(schema.label_min),
      label_max_(schema.label_max),
      seen_(static_cast<std::size_t>(rows.entities), false) {
  check(options, rows.tasks, rows.entities);
  const BiasModel start(rows, schema);
  mean_ = start.mean();
  const auto width = options.factors + 1;
  entity_ = at::empty({rows.entities, width}, at::kDouble);
  RandomStream random(seed, Purpose::kFactors);
  auto* values = entity_.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < entity_.numel(); ++i) {
    values[i] =
        i % width + 1 < width ? 0.1 * random.normal() : start.entity_bias()[static_cast<std::size_t>(i / width)];
  }
  std::vector<double> centred = rows.label;
  for (auto& label : centred) label -= mean_;
  const Grouped by_task(rows.task, rows.tasks), by_entity(rows.entity, rows.entities);
  auto task = at::zeros({rows.tasks, width}, at::kDouble);
  for (int round = 0; round < options.rounds; ++round) {
    solve_side(task, by_task, entity_, rows.entity, centred, options.regularisation, kTaskBiasPenalty);
    solve_side(entity_, by_entity, task, rows.task, centred, options.regularisation, kEntityBiasPenalty);
  }
  for (const auto entity : rows.entity) seen_[static_cast<std::size_t>(entity)] = true;
}

Predictions Als::predict(const EpisodeBatch& batch) const {
  const auto width = options_.factors + 1;
  const auto* factors = entity_.const_data_ptr<double>();
  const auto entity_of = [&](const PaddedRows& rows, std::int64_t row) {
    return batch.entity[static_cast<std::size_t>(rows.place[static_cast<std::size_t>(row)])];
  };
  auto a = at::zeros({batch.tasks, width, width}, at::kDouble), b = at::zeros({batch.tasks, width, 1}, at::kDouble);
  for (std::int64_t task = 0; task < batch.tasks; ++task) {
    NormalEquations equations(a.mutable_data_ptr<double>() + task * width * width,
                              b.mutable_data_ptr<double>() + task * width, width, options_.regularisation,
                              kTaskBiasPenalty);
    for (auto row = task * batch.support.width; row < (task + 1) * batch.support.width; ++row) {
      const auto entity = entity_of(batch.support, row);
      if (batch.support.mask[static_cast<std::size_t>(row)] == 0.0f || !seen_[static_cast<std::size_t>(entity)])
        continue;
      const auto* vector = factors + entity * width;
      equations.add(vector, batch.support.label[static_cast<std::size_t>(row)] - mean_ - vector[width - 1]);
    }
  }
  const auto heads = at::linalg_solve(a, b).contiguous();
  const auto* head = heads.const_data_ptr<double>();
  auto scores = at::zeros({batch.tasks, batch.query.width}, at::kFloat);
  auto* out = scores.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < scores.numel(); ++row) {
    const auto entity = entity_of(batch.query, row);
    const auto* own = head + row / batch.query.width * width;
    double score = mean_ + own[width - 1];
    if (seen_[static_cast<std::size_t>(entity)]) {
      score +=
          factors[entity * width + width - 1] + std::inner_product(own, own + width - 1, factors + entity * width, 0.0);
    }
    out[row] = static_cast<float>(score);
  }
  return {scores.clamp(label_min_, label_max_), scores};
}

}  // namespace warmstart
