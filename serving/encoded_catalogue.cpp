#include "serving/encoded_catalogue.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "trainer/learner/methods.h"

namespace warmstart {
namespace {

constexpr std::size_t kEncodedAtOnce = 4096;  // entities encoded at once

Encoding encoded(const Learner& model, const BatchParameters& parameters, const Catalogue& catalogue,
                 std::size_t first) {
  const auto& schema = model.schema();
  RequestTask task;
  task.fields.resize(schema.fields_of(FieldOwner::kTask).size());
  for (auto i = first; i < std::min(catalogue.entities(), first + kEncodedAtOnce); ++i)
    task.candidates.push_back(catalogue.candidate(i));
  const auto request = request_of(schema, {task});
  std::vector<at::Tensor> values;
  for (const auto& input : request_inputs(schema, RequestPart::kCandidates)) values.push_back(request.at(input.name));
  return model.encode(parameters, request_features(schema, RequestPart::kCandidates, values));
}

}  // namespace

std::string not_encoded_because(const Learner& model) {
  if (!model.encodes_rows_once())
    return fmt::format("the method {} changes the network for each task, so that an item looks different to each",
                       name_of(model.options()));
  const auto fields = model.schema().fields_of(FieldOwner::kRow);
  if (fields.empty()) return "";
  return fmt::format("a row's '{}' is told by the request, not by the {} alone", fields[0]->name,
                     model.schema().entity);
}

Encoding encoded_catalogue(const Learner& model, const BatchParameters& parameters, const Catalogue& catalogue) {
  std::vector<at::Tensor> features, base;
  std::map<std::string, std::vector<at::Tensor>> parts;
  for (std::size_t first = 0; first < catalogue.entities(); first += kEncodedAtOnce) {
    const auto piece = encoded(model, parameters, catalogue, first);
    features.push_back(piece.features());
    base.push_back(piece.base());
    for (const auto& [name, part] : piece.parts()) parts[name].push_back(part);
  }
  std::map<std::string, at::Tensor> joined;
  for (const auto& [name, list] : parts) joined[name] = at::cat(list);
  return {at::cat(features), at::cat(base), std::move(joined)};
}

}  // namespace warmstart
