#include "trainer/tensor_batch.h"

#include <ATen/ATen.h>

namespace warmstart {
namespace {

at::Tensor view(const std::vector<std::int64_t>& values, at::IntArrayRef shape) {
  return at::from_blob(const_cast<std::int64_t*>(values.data()), shape, at::kLong);
}

at::Tensor view(const std::vector<float>& values, at::IntArrayRef shape, at::ScalarType dtype) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).to(dtype);
}

FeatureTensors tensors(const Features& features, at::ScalarType dtype) {
  const auto ids = static_cast<std::int64_t>(features.ids.size());
  return {view(features.ids, {ids}), view(features.offsets, {features.count}), view(features.weights, {ids}, dtype),
          view(features.dense, {features.count, features.dense_width}, dtype)};
}

RowTensors tensors(const PaddedRows& rows, std::int64_t tasks, at::ScalarType dtype) {
  return {view(rows.place, {tasks, rows.width}), view(rows.label, {tasks, rows.width}, dtype), view(rows.mask, {tasks, rows.width}, dtype)};
}

}  // namespace

TensorBatch::TensorBatch(const EpisodeBatch& batch, at::ScalarType dtype)
    : tasks(batch.tasks),
      key(view(batch.key, {batch.rows.count})),
      rows(tensors(batch.rows, dtype)),
      descriptions(tensors(batch.descriptions, dtype)),
      support(tensors(batch.support, batch.tasks, dtype)),
      query(tensors(batch.query, batch.tasks, dtype)) {}

}  // namespace warmstart
