#include "trainer/learner/learner_catalogue.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {
namespace {

constexpr std::int64_t kEntitiesAtOnce = 8192;  // bounds the memory of what a network makes on its way

Encoding encoded(const Learner& learner, const Dataset& dataset, std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> entities(static_cast<std::size_t>(end - first));
  std::iota(entities.begin(), entities.end(), first);
  const auto rows = make_rows(dataset, {entities});
  const TensorBatch tensors(rows, learner.parameters().flat().options());
  return learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
}

Encoding encoded(const Learner& learner, const Dataset& dataset) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> features, base;
  std::map<std::string, std::vector<at::Tensor>> parts;
  for (std::int64_t first = 0; first < dataset.entities(); first += kEntitiesAtOnce) {
    const auto block = encoded(learner, dataset, first, std::min(dataset.entities(), first + kEntitiesAtOnce));
    features.push_back(block.features());
    base.push_back(block.base());
    for (const auto& [name, part] : block.parts()) parts[name].push_back(part);
  }
  std::map<std::string, at::Tensor> of_all;
  for (const auto& [name, blocks] : parts) of_all[name] = at::cat(blocks);
  return {at::cat(features), at::cat(base), std::move(of_all)};
}

}  // namespace

LearnerCatalogue::LearnerCatalogue(const Learner& learner, const Dataset& dataset)
    : learner_(learner), entities_(encoded(learner, dataset)) {}

at::Tensor LearnerCatalogue::scores(const EpisodeBatch& batch) const {
  const c10::NoGradGuard no_grad;
  const TensorBatch tensors(batch, learner_.parameters().flat().options());
  const auto parameters = learner_.batch_parameters(tensors);
  const auto state = learner_.adapt(parameters, tensors);
  // The rows are no task's own, which products of a task's own matrices would take them for.
  const PlainArithmetic plain;
  return state.outputs_of_all(entities_).to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace warmstart
