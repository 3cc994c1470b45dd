#include "data/parquet_column.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;

bool is_list_type(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

template <typename T>
T value_of(arrow::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().message());
  return std::move(result).ValueUnsafe();
}

ArrayPointer cast(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& type) {
  auto options = arrow::compute::CastOptions::Safe(type);
  options.allow_invalid_utf8 = true;  // Each row is judged by itself.
  return value_of(arrow::compute::Cast(*values, type, options));
}

ArrayPointer as_text(const ArrayPointer& values) {
  const auto& type = *values->type();
  switch (type.id()) {
    case arrow::Type::BOOL:
      return cast(cast(values, arrow::uint8()), arrow::utf8());
    case arrow::Type::DICTIONARY:
      return as_text(cast(values, static_cast<const arrow::DictionaryType&>(type).value_type()));
    case arrow::Type::TIMESTAMP:
      // Stored values are of UTC, whatever zone they are to be shown in.
      return cast(value_of(values->View(arrow::timestamp(static_cast<const arrow::TimestampType&>(type).unit()))),
                  arrow::utf8());
    default:
      return cast(values, arrow::utf8());
  }
}

// Where the elements of a row's list start among all, and how many there are.
std::pair<std::int64_t, std::int64_t> range_of(const arrow::Array& list, std::int64_t row) {
  const auto of = [&](const auto& rows) {
    return std::pair<std::int64_t, std::int64_t>(rows.value_offset(row), rows.value_length(row));
  };
  switch (list.type_id()) {
    case arrow::Type::LIST:
      return of(static_cast<const arrow::ListArray&>(list));
    case arrow::Type::LARGE_LIST:
      return of(static_cast<const arrow::LargeListArray&>(list));
    default:
      return of(static_cast<const arrow::FixedSizeListArray&>(list));
  }
}

ArrayPointer elements_of(const arrow::Array& list) {
  switch (list.type_id()) {
    case arrow::Type::LIST:
      return static_cast<const arrow::ListArray&>(list).values();
    case arrow::Type::LARGE_LIST:
      return static_cast<const arrow::LargeListArray&>(list).values();
    default:
      return static_cast<const arrow::FixedSizeListArray&>(list).values();
  }
}

}  // namespace

int leaf_of(const std::string& file, const parquet::arrow::SchemaField& field, bool takes_lists) {
  if (field.is_leaf()) return field.column_index;
  const auto refuse = [&](const char* why) {
    throw DataError(fmt::format("{}: column '{}' is of type {}, which {}", file, printable(field.field->name()),
                                printable(field.field->type()->ToString()), why));
  };
  const bool is_list = is_list_type(*field.field->type()) && field.children.size() == 1 && field.children[0].is_leaf();
  if (!is_list) refuse("holds others; write each of them as a column of its own");
  if (!takes_lists) refuse("is a list; name it among the table's multi columns");
  return field.children[0].column_index;
}

ParquetColumn::ParquetColumn(const std::string& file, const std::string& name, const ArrayPointer& rows) {
  if (is_list_type(*rows->type())) list_ = rows;
  const auto values = list_ ? elements_of(*list_) : rows;
  try {
    texts_ = std::static_pointer_cast<arrow::StringArray>(as_text(values));
  } catch (const std::exception& error) {
    throw DataError(fmt::format("{}: column '{}' is of type {}, which cannot be read as text: {}", file,
                                printable(name), printable(rows->type()->ToString()), printable(error.what())));
  }
}

std::optional<std::string_view> ParquetColumn::text(std::int64_t row) const {
  if (texts_->IsNull(row)) return std::nullopt;
  return texts_->GetView(row);
}

std::vector<std::string_view> ParquetColumn::elements(std::int64_t row) const {
  std::vector<std::string_view> found;
  if (list_->IsNull(row)) return found;
  const auto [first, count] = range_of(*list_, row);
  for (auto i = first; i < first + count; ++i) {
    if (const auto element = text(i)) found.push_back(*element);
  }
  return found;
}

}  // namespace warmstart
