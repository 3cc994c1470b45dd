#include "serving/served_recommender.h"

namespace warmstart {
namespace {

// Row `number` of a batch's features: ids and values by field, as they came.
RequestRow row_of(const Schema& schema, const std::vector<FieldOwner>& owners, const Features& features,
                  std::size_t number) {
  const auto begin = features.offsets[number];
  const auto end = number + 1 < features.offsets.size() ? features.offsets[number + 1]
                                                        : static_cast<std::int64_t>(features.ids.size());
  RequestRow row;
  std::int64_t first_id = 0;
  auto dense = number * static_cast<std::size_t>(features.dense_width);
  for (const auto owner : owners) {
    for (const auto* field : schema.fields_of(owner)) {
      auto& cell = row.emplace_back();
      if (field->kind == FieldKind::kDense) {
        cell.value = static_cast<float>(features.dense[dense++] * field->deviation + field->mean);
        continue;
      }
      for (auto i = begin; i < end; ++i) {
        const auto id = features.ids[static_cast<std::size_t>(i)] - first_id;
        if (id >= 0 && id <= field->vocabulary_size) cell.ids.push_back(id);
      }
      first_id += field->vocabulary_size + 1;
    }
  }
  return row;
}

}  // namespace

std::vector<RequestTask> request_tasks(const Schema& schema, const EpisodeBatch& batch) {
  std::vector<RequestRow> distinct;
  for (std::size_t i = 0; i < batch.key.size(); ++i)
    distinct.push_back(row_of(schema, {FieldOwner::kEntity, FieldOwner::kRow}, batch.rows, i));
  std::vector<RequestTask> tasks;
  for (std::size_t t = 0; t < static_cast<std::size_t>(batch.tasks); ++t) {
    RequestTask task = {row_of(schema, {FieldOwner::kTask}, batch.descriptions, t), {}, {}, {}};
    const auto add = [&](const PaddedRows& rows, std::vector<RequestRow>& to, std::vector<float>* labels) {
      const auto width = static_cast<std::size_t>(rows.width);
      for (auto i = t * width; i < (t + 1) * width; ++i) {
        if (rows.mask[i] == 0.0f) continue;
        to.push_back(distinct[static_cast<std::size_t>(rows.place[i])]);
        if (labels) labels->push_back(rows.label[i]);
      }
    };
    add(batch.support, task.support, &task.labels);
    add(batch.query, task.candidates, nullptr);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Predictions ServedRecommender::predict(const EpisodeBatch& batch) const {
  const auto request = request_of(schema_, request_tasks(schema_, batch));
  NamedValues inputs;
  for (const auto& input : inputs_) inputs[input.name] = request.at(input.name);
  return {session_->run(inputs, {"scores"})[0]};
}

}  // namespace warmstart
