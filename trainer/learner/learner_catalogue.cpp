#include "trainer/learner/learner_catalogue.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {
namespace {

Encoding encoded_block(const Learner& learner, const Dataset& dataset, std::int64_t first, std::int64_t end) {
  const auto rows = entities_as_rows(dataset, first, end);
  const TensorBatch tensors(rows, learner.parameters().flat().options());
  return learner.encode(learner.batch_parameters(tensors), tensors, nullptr);
}

at::Tensor room_for(const at::Tensor& like, std::int64_t rows) {
  return at::empty({rows, like.size(1)}, like.options());
}

Encoding room_for(const Encoding& like, std::int64_t rows) {
  std::map<std::string, at::Tensor> parts;
  for (const auto& [name, part] : like.parts()) parts[name] = room_for(part, rows);
  return {room_for(like.features(), rows), room_for(like.base(), rows), std::move(parts)};
}

// Puts an encoding into the rows from `first` on.
void put(const Encoding& encoded, std::int64_t first, const Encoding& all) {
  const auto put_rows = [&](const at::Tensor& rows, const at::Tensor& to) {
    to.narrow(0, first, rows.size(0)).copy_(rows);
  };
  put_rows(encoded.features(), all.features());
  put_rows(encoded.base(), all.base());
  for (const auto& [name, part] : encoded.parts()) put_rows(part, all.parts().at(name));
}

}  // namespace

EpisodeBatch entities_as_rows(const Dataset& dataset, std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> entities(static_cast<std::size_t>(end - first));
  std::iota(entities.begin(), entities.end(), first);
  return make_rows(dataset, {entities});
}

Encoding encoded_entities(const Learner& learner, const Dataset& dataset, std::int64_t first, std::int64_t end,
                          std::int64_t block) {
  const c10::NoGradGuard no_grad;
  std::optional<Encoding> all;
  for (auto from = first; from < end; from += block) {
    const auto encoded = encoded_block(learner, dataset, from, std::min(end, from + block));
    // Room for all at once: small results between large ones would keep these from taking each other's memory.
    if (!all) all = room_for(encoded, end - first);
    put(encoded, from - first, *all);
  }
  return std::move(*all);
}

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
