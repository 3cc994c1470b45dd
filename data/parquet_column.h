#pragma once

#include <arrow/type_fwd.h>
#include <parquet/arrow/schema.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace warmstart {

// The place among a Parquet file's leaves of a column that can be read: a flat one, or where `takes_lists` a list of
// flat ones.  A field's own place would not do: fields that hold others have several leaves.  Throws DataError for any
// other column.
int leaf_of(const std::string& file, const parquet::arrow::SchemaField& field, bool takes_lists);

// Rows of one column as text, whatever type it has: booleans are 1 and 0, times are in UTC.
class ParquetColumn {
 public:
  // Throws DataError for a type that has no text.
  ParquetColumn(const std::string& file, const std::string& name, const std::shared_ptr<arrow::Array>& rows);

  bool is_list() const { return list_ != nullptr; }

  // Of a column that is no list; nothing where the value is missing.  Valid while this is.
  std::optional<std::string_view> text(std::int64_t row) const;

  // Of a list, without missing ones; none where the list itself is missing.
  std::vector<std::string_view> elements(std::int64_t row) const;

 private:
  std::shared_ptr<arrow::Array> list_;
  std::shared_ptr<arrow::StringArray> texts_;  // one a row, or of a list all elements of all rows
};

}  // namespace warmstart
