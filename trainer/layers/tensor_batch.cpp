#include "trainer/layers/tensor_batch.h"

#include <ATen/ATen.h>

namespace warmstart {
namespace {

at::Tensor ids_of(const std::vector<std::int64_t>& values, at::IntArrayRef shape, const at::TensorOptions& options) {
  return at::from_blob(const_cast<std::int64_t*>(values.data()), shape, at::kLong).to(options.device());
}

at::Tensor values_of(const std::vector<float>& values, at::IntArrayRef shape, const at::TensorOptions& options) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).to(options);
}

FeatureTensors tensors(const Features& features, const at::TensorOptions& options) {
  return {{id_lookup(features.lookup, options), ids_of(features.offsets, {features.count}, options),
           values_of(features.weights, {static_cast<std::int64_t>(features.weights.size())}, options)},
          values_of(features.dense, {features.count, features.dense_width}, options)};
}

RowGroupTensors tensors(const RowGroups& groups, const at::TensorOptions& options) {
  if (groups.group.empty()) return {};
  const auto list = [&](const std::vector<std::int64_t>& values) {
    return ids_of(values, {static_cast<std::int64_t>(values.size())}, options);
  };
  return {groups.firsts, list(groups.row), list(groups.group)};
}

RowTensors tensors(const PaddedRows& rows, std::int64_t tasks, const at::TensorOptions& options) {
  return {ids_of(rows.place, {tasks, rows.width}, options), values_of(rows.label, {tasks, rows.width}, options),
          values_of(rows.mask, {tasks, rows.width}, options)};
}

}  // namespace

IdLookup id_lookup(const Lookup& lookup, const at::TensorOptions& options) {
  const auto list = [&](const std::vector<std::int64_t>& values) {
    return ids_of(values, {static_cast<std::int64_t>(values.size())}, options);
  };
  return {list(lookup.ids), list(lookup.places), lookup.firsts, list(lookup.all), list(lookup.in_all)};
}

TensorBatch::TensorBatch(const EpisodeBatch& batch, const at::TensorOptions& options)
    : tasks(batch.tasks),
      microbatches{batch.microbatches(), batch.first_rows},
      key(ids_of(batch.key, {batch.rows.count}, options)),
      key_lookup(id_lookup(batch.key_lookup, options)),
      rows(tensors(batch.rows, options)),
      descriptions(tensors(batch.descriptions, options)),
      by_entity(tensors(batch.by_entity, options)),
      by_user(tensors(batch.by_user, options)),
      support(tensors(batch.support, batch.tasks, options)),
      query(tensors(batch.query, batch.tasks, options)) {}

}  // namespace warmstart
