#include "serving/request_inputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <set>

#include "base/errors.h"
#include "data/column.h"

namespace warmstart {
namespace {

const char* prefix_of(RequestPart part) {
  if (part == RequestPart::kTask) return "task";
  return part == RequestPart::kSupport ? "support" : "candidates";
}

// The owners of a part's fields, in the order of a batch's vectors.
std::vector<FieldOwner> owners_of(RequestPart part) {
  if (part == RequestPart::kTask) return {FieldOwner::kTask};
  return {FieldOwner::kEntity, FieldOwner::kRow};
}

std::string name_of(const Schema& schema, const Field& field, RequestPart part) {
  if (field.owner == FieldOwner::kTask) return fmt::format("task.{}", field.name);
  return fmt::format("{}.{}.{}", prefix_of(part), field.owner == FieldOwner::kRow ? "row" : schema.entity, field.name);
}

RequestInput input_of(const Schema& schema, const Field& field, RequestPart part) {
  RequestInput input = {name_of(schema, field, part), field.kind != FieldKind::kDense, {kTasksSize}, &field};
  if (part != RequestPart::kTask) input.sizes.emplace_back(prefix_of(part));
  if (field.kind == FieldKind::kMulti) input.sizes.push_back("values of " + input.name);
  return input;
}

// Ids of one field as bags [.., values]: within the table, with their weights.
struct Bags {
  Bags(const Field& field, std::int64_t first_id, const at::Tensor& values) {
    const auto given = field.kind == FieldKind::kMulti ? values : values.unsqueeze(-1);
    const auto known = given.gt(0).to(at::kLong) * given.le(field.vocabulary_size).to(at::kLong);
    ids = (given + first_id) * known;
    const auto weight = known.to(at::kFloat);
    weights = field.kind == FieldKind::kMulti ? weight / at::sqrt(weight.sum(-1, true).clamp_min(1.0)) : weight;
  }
  at::Tensor ids, weights;
};

at::Tensor standardised(const Field& field, const at::Tensor& values) {
  const auto deviations = (values.to(at::kDouble) - field.mean) / field.deviation;
  const auto scaled = deviations.clamp(-kMostDeviations, kMostDeviations).to(at::kFloat);
  return at::where(values.isnan(), at::zeros_like(values), scaled).unsqueeze(-1);
}

}  // namespace

std::vector<RequestInput> request_inputs(const Schema& schema, RequestPart part) {
  std::vector<RequestInput> inputs;
  std::set<std::string> names;
  for (const auto owner : owners_of(part)) {
    for (const auto* field : schema.fields_of(owner)) {
      inputs.push_back(input_of(schema, *field, part));
      if (!names.insert(inputs.back().name).second)
        throw DataError(
            fmt::format("two fields would be the input '{}' of an exported model: rename one", inputs.back().name));
    }
  }
  if (part != RequestPart::kSupport) return inputs;
  for (const auto* name : {kSupportLabel, kSupportMask})
    inputs.push_back({name, false, {kTasksSize, kSupportSize}, nullptr});
  return inputs;
}

FeatureTensors request_features(const Schema& schema, RequestPart part, std::span<const at::Tensor> values) {
  std::vector<at::Tensor> ids, weights, dense;
  std::int64_t first_id = 0;
  std::size_t place = 0;
  for (const auto owner : owners_of(part)) {
    for (const auto* field : schema.fields_of(owner)) {
      const auto& value = values[place++];
      if (field->kind == FieldKind::kDense) {
        dense.push_back(standardised(*field, value));
        continue;
      }
      const Bags bags(*field, first_id, value);
      ids.push_back(bags.ids);
      weights.push_back(bags.weights);
      first_id += field->vocabulary_size + 1;
    }
  }
  FeatureTensors features;
  if (!ids.empty()) {
    features.ids.weights = at::cat(weights, -1);
    features.ids.padded = at::cat(ids, -1);
  }
  if (!dense.empty())
    features.dense = at::cat(dense, -1);
  else if (!ids.empty())
    features.dense = features.ids.weights.narrow(-1, 0, 0);
  return features;
}

void add_support(Request& request, const Schema& schema, std::span<const at::Tensor> support) {
  const auto fields = support.size() - 2;
  const auto& mask = support[fields + 1];
  const auto is_row = mask.gt(0.0);
  request.support = request_features(schema, RequestPart::kSupport, support.first(fields));
  // What stands for padding may be no number.
  request.support_labels = {{}, at::where(is_row, support[fields], at::zeros_like(mask)), is_row.to(at::kFloat)};
}

void add_task(Request& request, const Schema& schema, std::span<const at::Tensor> support,
              std::span<const at::Tensor> task) {
  add_support(request, schema, support);
  request.descriptions = request_features(schema, RequestPart::kTask, task);
  if (!request.descriptions.dense.defined()) request.descriptions.dense = support.back().narrow(1, 0, 0);
}

}  // namespace warmstart
