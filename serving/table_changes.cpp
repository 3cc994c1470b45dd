#include "serving/table_changes.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::int64_t kRowsOfGroup = 65536;
// Arrow asks for as much as a file says that it holds.
constexpr std::int64_t kMostBytes = std::int64_t{4} << 30;

std::shared_ptr<arrow::DataType> vectors_type() {
  return arrow::list(arrow::field("element", arrow::float32(), false));
}

std::shared_ptr<arrow::Schema> columns() {
  return arrow::schema({arrow::field("table", arrow::utf8(), false), arrow::field("field", arrow::utf8(), false),
                        arrow::field("key", arrow::utf8()), arrow::field("row", arrow::int64(), false),
                        arrow::field("change", arrow::utf8(), false), arrow::field("vector", vectors_type(), false)});
}

arrow::Result<std::shared_ptr<arrow::Table>> arrow_table(const std::vector<ModelTable>& tables,
                                                         const std::vector<ChangedRow>& rows) {
  arrow::StringBuilder names, fields, keys, changes;
  arrow::Int64Builder numbers;
  const auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::ListBuilder vectors(arrow::default_memory_pool(), values, vectors_type());
  for (const auto& [table, row, vector] : rows) {
    const auto& [field, key] = tables[table].rows[static_cast<std::size_t>(row)];
    ARROW_RETURN_NOT_OK(names.Append(tables[table].name));
    ARROW_RETURN_NOT_OK(fields.Append(field));
    ARROW_RETURN_NOT_OK(key ? keys.Append(*key) : keys.AppendNull());
    ARROW_RETURN_NOT_OK(numbers.Append(row));
    ARROW_RETURN_NOT_OK(changes.Append("upsert"));
    ARROW_RETURN_NOT_OK(vectors.Append());
    ARROW_RETURN_NOT_OK(values->AppendValues(vector));
  }
  arrow::ArrayVector arrays;
  for (auto* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&names, &fields, &keys, &numbers, &changes, &vectors}) {
    ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
    arrays.push_back(std::move(array));
  }
  return arrow::Table::Make(columns(), arrays);
}

arrow::Result<std::string> parquet_of(const std::vector<ModelTable>& tables, const std::vector<ChangedRow>& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto table, arrow_table(tables, rows));
  ARROW_ASSIGN_OR_RAISE(const auto stream, arrow::io::BufferOutputStream::Create());
  const auto arrow_too = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ARROW_RETURN_NOT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), stream, kRowsOfGroup,
                                                 parquet::default_writer_properties(), arrow_too));
  ARROW_ASSIGN_OR_RAISE(const auto buffer, stream->Finish());
  return buffer->ToString();
}

arrow::Result<std::shared_ptr<arrow::Table>> table_of(const std::string& bytes, arrow::MemoryPool* pool) {
  const auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(const auto reader, parquet::arrow::OpenFile(input, pool));
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadTable());
  if (!table->schema()->Equals(*columns(), false)) return arrow::Status::Invalid("has other columns");
  return table->CombineChunks(pool);
}

template <typename Array>
std::shared_ptr<Array> column(const arrow::Table& table, const char* name) {
  return std::static_pointer_cast<Array>(table.GetColumnByName(name)->chunk(0));
}

// The library's result; it throws, too.
template <typename Call>
auto done(const Call& call) {
  std::string what;
  try {
    auto result = call();
    if (result.ok()) return std::move(result).ValueUnsafe();
    what = result.status().message();
  } catch (const std::exception& error) {
    what = error.what();
  }
  throw DataError(fmt::format("the changed rows as Parquet: {}", printable(what, 300)));
}

}  // namespace

std::string write_table_changes(const std::vector<ModelTable>& tables, const std::vector<ChangedRow>& rows) {
  return done([&] { return parquet_of(tables, rows); });
}

std::vector<ChangedRow> read_table_changes(const std::string& bytes, const std::vector<std::string>& tables) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), kMostBytes);  // outlives the table
  const auto table = done([&] { return table_of(bytes, &pool); });
  std::vector<ChangedRow> rows;
  if (table->num_rows() == 0) return rows;
  const auto names = column<arrow::StringArray>(*table, "table");
  const auto numbers = column<arrow::Int64Array>(*table, "row");
  const auto vectors = column<arrow::ListArray>(*table, "vector");
  const auto& values = static_cast<const arrow::FloatArray&>(*vectors->values());
  rows.reserve(static_cast<std::size_t>(table->num_rows()));
  for (std::int64_t i = 0; i < table->num_rows(); ++i) {
    const auto found = std::find(tables.begin(), tables.end(), names->GetView(i));
    if (found == tables.end())
      throw DataError(
          fmt::format("the changed rows name a table '{}', which is not the model's", printable(names->GetString(i))));
    const auto* first = values.raw_values() + vectors->value_offset(i);
    rows.push_back({static_cast<std::size_t>(found - tables.begin()),
                    numbers->Value(i),
                    {first, first + vectors->value_length(i)}});
  }
  return rows;
}

}  // namespace warmstart
