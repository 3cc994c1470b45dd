#pragma once

#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "data/column.h"
#include "data/ingest_options.h"
#include "data/united_keys.h"

namespace warmstart {

// Rows have the fields of tables that they are joined to, too.
using FieldBuilders = std::vector<std::shared_ptr<FieldBuilder>>;

// The builders for a table's columns, in the order of the configuration; their keys lie in `memory`.  Throws UsageError
// for a name that cannot be stored.
FieldBuilders field_builders(const TableOptions& table, FieldOwner owner, const IngestOptions& options,
                             std::pmr::memory_resource* memory = std::pmr::get_default_resource());

// Throws UsageError for a name of a field that cannot be that of an array in HDF5 files and stand in JSON.
void check_name(const std::string& column);

// The entries of data.min-counts by column.  Throws UsageError for one that is not of the form column:count.
std::map<std::string, std::int64_t> min_counts_of(const IngestOptions& options);

// The users or the items: one row a key, joined to the interactions by it.  All of it lies in the memory that it is
// made with, but for a bit a key.
class SideTable {
 public:
  // What a key is known by, where it is not its text.  Throws BadRow.
  using KeyOf = std::function<std::string(std::string_view text)>;
  SideTable(const TableOptions& table, FieldOwner owner, const IngestOptions& options,
            std::pmr::memory_resource* memory, KeyOf key_of = {});

  // Reads the table if it has files; of rows with one key the latest counts, and every one before what was inherited.
  // Throws DataError when no row is left.
  void read(Rejections& rejections);

  bool has_table() const { return !table_.files.empty(); }

  // Whether interactions may be of `key`: not where a table lacks it, unless the join is a left one.
  bool takes(std::string_view key) const;

  // The number of a key that takes() holds for, which is added where it is seen for the first time.
  std::uint32_t number(std::string_view key) { return keys_.add(key); }

  // What the data set's last version says of a key, unless the table has a row of it: its number is the next one.
  void inherit(std::string_view key, const std::vector<Cell>& cells);

  // Whether there is a table, and it has no row of this number's key.
  bool lacks(std::uint32_t number) const { return has_table() && !has_row(number); }
  std::int64_t keys_without_row() const {
    return has_table() ? static_cast<std::int64_t>(keys_.size()) - row_count_ : 0;
  }

  const KeyNumbers& keys() const { return keys_; }
  // Makes the keys that ranks have met since read(), in their shares of the interactions, one.  Collective; see
  // united_keys.h.
  std::vector<NumbersOfRank> unite_keys(IngestRanks& ranks) { return unite(keys_, common_keys_, ranks); }
  const FieldBuilders& fields() const { return fields_; }

  // Of a field, by the number of the row's key.
  const CellColumn& column(std::size_t field) const { return columns_[field]; }
  // What row `number` says, a cell a field; unknown where there is no such row.
  void get(std::uint32_t number, std::span<Cell> cells) const;

  // Adds row `number` to the statistics of its fields, its keys so many times, numbers to those of a part, one a field.
  void count(std::size_t number, std::vector<Moments>& of_part, std::int64_t times = 1);
  // Adds the numbers of rows, one after the other, to the statistics of a part.
  void add_numbers(std::span<const std::uint32_t> rows, std::vector<Moments>& of_part) const;

 private:
  void add_row(std::string_view key, const std::vector<Cell>& cells, Rejections& rejections);
  void set_row(std::uint32_t number, const std::vector<Cell>& cells);
  bool has_row(std::uint32_t number) const { return number < has_row_.size() && has_row_[number]; }

  const TableOptions& table_;
  KeyOf key_of_;
  FieldBuilders fields_;
  KeyNumbers keys_;
  std::vector<CellColumn> columns_;  // one a field
  std::vector<bool> has_row_;        // by the key's number
  std::int64_t row_count_ = 0;
  std::size_t inherited_ = 0, common_keys_ = 0;  // keys known before the table was read, and after
};

}  // namespace warmstart
