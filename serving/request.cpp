#include "serving/request.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace warmstart {
namespace {

// The rows of a part: of all tasks, its field's cells by task and row.
class PartMaker {
 public:
  PartMaker(std::size_t tasks, std::size_t rows, bool has_rows) : tasks_(tasks), rows_(rows), has_rows_(has_rows) {}

  // `cell` gives that of (task, row), or null where there is none.
  template <typename Cell>
  at::Tensor values(const RequestInput& input, const Cell& cell) const {
    const bool multi = input.field->kind == FieldKind::kMulti;
    std::size_t width = 1;
    for_each(cell,
             [&](std::size_t, const RequestCell& found) { width = std::max(width, multi ? found.ids.size() : 1); });
    auto value = input.is_ids ? at::zeros(shape(multi ? width : 0), at::kLong) : at::full(shape(0), NAN, at::kFloat);
    for_each(cell, [&](std::size_t place, const RequestCell& found) {
      if (!input.is_ids)
        value.mutable_data_ptr<float>()[place] = found.value;
      else
        std::copy_n(found.ids.begin(), std::min(width, found.ids.size()),
                    value.mutable_data_ptr<std::int64_t>() + place * width);
    });
    return value;
  }

 private:
  std::vector<std::int64_t> shape(std::size_t values) const {
    std::vector<std::int64_t> sizes = {static_cast<std::int64_t>(tasks_)};
    if (has_rows_) sizes.push_back(static_cast<std::int64_t>(rows_));
    if (values > 0) sizes.push_back(static_cast<std::int64_t>(values));
    return sizes;
  }

  template <typename Cell, typename Take>
  void for_each(const Cell& cell, const Take& take) const {
    for (std::size_t task = 0; task < tasks_; ++task)
      for (std::size_t row = 0; row < rows_; ++row)
        if (const RequestCell* found = cell(task, row)) take(task * rows_ + row, *found);
  }

  std::size_t tasks_, rows_;
  bool has_rows_;
};

std::size_t longest(const std::vector<RequestTask>& tasks, std::vector<RequestRow> RequestTask::*part) {
  std::size_t most = 0;
  for (const auto& task : tasks) most = std::max(most, (task.*part).size());
  return most;
}

void add_rows(NamedValues& values, const Schema& schema, RequestPart part, const std::vector<RequestTask>& tasks,
              std::vector<RequestRow> RequestTask::*rows) {
  const PartMaker maker(tasks.size(), longest(tasks, rows), true);
  std::size_t number = 0;
  for (const auto& input : request_inputs(schema, part)) {
    if (!input.field) continue;
    values[input.name] = maker.values(input, [&](std::size_t task, std::size_t row) -> const RequestCell* {
      const auto& of_task = tasks[task].*rows;
      return row < of_task.size() ? &of_task[row][number] : nullptr;
    });
    ++number;
  }
}

void add_labels(NamedValues& values, const std::vector<RequestTask>& tasks) {
  const auto width = longest(tasks, &RequestTask::support);
  const std::vector<std::int64_t> sizes = {static_cast<std::int64_t>(tasks.size()), static_cast<std::int64_t>(width)};
  auto labels = at::zeros(sizes, at::kFloat), mask = at::zeros(sizes, at::kFloat);
  for (std::size_t task = 0; task < tasks.size(); ++task) {
    std::copy(tasks[task].labels.begin(), tasks[task].labels.end(), labels.mutable_data_ptr<float>() + task * width);
    std::fill_n(mask.mutable_data_ptr<float>() + task * width, tasks[task].support.size(), 1.0f);
  }
  values[kSupportLabel] = labels;
  values[kSupportMask] = mask;
}

}  // namespace

NamedValues request_of(const Schema& schema, const std::vector<RequestTask>& tasks) {
  NamedValues values;
  const PartMaker maker(tasks.size(), 1, false);
  std::size_t number = 0;
  for (const auto& input : request_inputs(schema, RequestPart::kTask)) {
    values[input.name] = maker.values(
        input, [&](std::size_t task, std::size_t) -> const RequestCell* { return &tasks[task].fields[number]; });
    ++number;
  }
  add_rows(values, schema, RequestPart::kSupport, tasks, &RequestTask::support);
  add_rows(values, schema, RequestPart::kCandidates, tasks, &RequestTask::candidates);
  add_labels(values, tasks);
  return values;
}

RequestRow request_row(const Schema& schema, FieldOwner owner, const std::vector<StoredColumn>& columns,
                       std::size_t index) {
  RequestRow row;
  std::size_t column = 0;
  for (const auto* field : schema.fields_of(owner)) {
    const auto& stored = columns[column++];
    auto& cell = row.emplace_back();
    if (field->kind == FieldKind::kDense) {
      cell.value = static_cast<float>(stored.dense(index) * field->deviation + field->mean);
      continue;
    }
    const auto ids = stored.ids(index);
    cell.ids.assign(ids.begin(), ids.end());
  }
  return row;
}

RequestTask request_task(const Dataset& dataset, const TaskEpisode& episode) {
  const auto& schema = dataset.schema();
  const auto view = dataset.task(episode.task);
  const auto row_of = [&](std::uint32_t row) {
    auto cells = request_row(schema, FieldOwner::kEntity, dataset.entity_fields(), view.rows.entity[row]);
    const auto own = request_row(schema, FieldOwner::kRow, view.shard->row_fields(), view.rows.first + row);
    cells.insert(cells.end(), own.begin(), own.end());
    return cells;
  };
  RequestTask task = {request_row(schema, FieldOwner::kTask, view.shard->task_fields(), view.index), {}, {}, {}};
  for (const auto row : episode.rows.support) {
    task.support.push_back(row_of(row));
    task.labels.push_back(view.rows.label[row]);
  }
  for (const auto row : episode.rows.query) task.candidates.push_back(row_of(row));
  return task;
}

}  // namespace warmstart
