#include "data/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"

namespace warmstart {
namespace {

void check(bool holds, const std::string& name, const char* what) {
  if (!holds) throw DataError(fmt::format("array '{}' {}; ingest the tables again", name, what));
}

template <typename T>
bool all_finite(std::span<const T> values) {
  return std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
}

bool all_below(std::span<const std::uint32_t> values, std::size_t count) {
  return std::all_of(values.begin(), values.end(), [&](auto value) { return value < count; });
}

}  // namespace

StoredColumn::StoredColumn(const Hdf5Mapping& file, const std::string& name, const Field& field, std::size_t count) {
  if (field.kind == FieldKind::kDense) {
    dense_ = file.array<float>(name);
    check(dense_.size() == count, name, "has another length than its table");
    check(all_finite(dense_), name, "holds a number that is not finite");
    return;
  }
  if (field.kind == FieldKind::kMulti) {
    ids_ = file.array<std::uint32_t>(name + "/values");
    offsets_ = file.array<std::int64_t>(name + "/offsets");
    check(offsets_.size() == count + 1 && offsets_.front() == 0 && std::is_sorted(offsets_.begin(), offsets_.end()) &&
              offsets_.back() == static_cast<std::int64_t>(ids_.size()),
          name, "has offsets that do not fit its values");
  } else {
    ids_ = file.array<std::uint32_t>(name);
    check(ids_.size() == count, name, "has another length than its table");
  }
  const auto largest = ids_.empty() ? 0 : *std::max_element(ids_.begin(), ids_.end());
  check(largest <= field.vocabulary_size, name, "holds ids that its vocabulary lacks");
}

StoredColumn StoredColumn::of_rows(std::span<const std::uint32_t> references) const {
  auto column = *this;
  column.references_ = references;
  return column;
}

std::vector<StoredColumn> stored_columns(const Hdf5Mapping& file, const std::string& folder, const Schema& schema,
                                         FieldOwner owner, std::size_t count) {
  std::vector<StoredColumn> columns;
  for (const auto* field : schema.fields_of(owner)) columns.emplace_back(file, folder + field->name, *field, count);
  return columns;
}

Shard::Shard(const std::filesystem::path& path, const Schema& schema, std::size_t entities, const StoredUsers& users)
    : file_(path) {
  try {
    offsets_ = file_.array<std::int64_t>("tasks/offset");
    entity_ = file_.array<std::uint32_t>("rows/entity");
    label_ = file_.array<float>("rows/label");
    time_ = file_.array<double>("rows/time");
    const auto rows = entity_.size();
    check(!offsets_.empty() && std::is_sorted(offsets_.begin(), offsets_.end()) && offsets_.front() == 0 &&
              offsets_.back() == static_cast<std::int64_t>(rows),
          "tasks/offset", "does not fit the rows");
    check(label_.size() == rows && time_.size() == rows, "rows/label or rows/time",
          "has another length than rows/entity");
    check(all_finite(label_) && all_finite(time_), "rows/label or rows/time", "holds a number that is not finite");
    check(file_.text_count("tasks/key") == tasks(), "tasks/key", "has another length than tasks/offset");
    check(all_below(entity_, entities), "rows/entity", "names entities that entities.h5 lacks");
    if (!users.fields.empty()) {
      user_ = file_.array<std::uint32_t>("rows/user");
      check(user_.size() == rows, "rows/user", "has another length than rows/entity");
      check(all_below(user_, users.count), "rows/user", "names users that users.h5 lacks");
    }
    task_fields_ = stored_columns(file_, "tasks/field/", schema, FieldOwner::kTask, tasks());
    for (const auto* field : schema.fields_of(FieldOwner::kRow)) row_fields_.push_back(row_column(*field, users));
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

StoredColumn Shard::row_column(const Field& field, const StoredUsers& users) const {
  const auto of_users = users.fields.find(field.name);
  return of_users != users.fields.end() ? of_users->second.of_rows(user_)
                                        : StoredColumn(file_, "rows/field/" + field.name, field, entity_.size());
}

TaskRows Shard::rows(std::size_t task) const {
  const auto first = static_cast<std::size_t>(offsets_[task]);
  const auto count = static_cast<std::size_t>(offsets_[task + 1]) - first;
  return {entity_.subspan(first, count), label_.subspan(first, count), time_.subspan(first, count), first};
}

}  // namespace warmstart
