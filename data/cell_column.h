#pragma once

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <span>
#include <vector>

#include "data/array_file.h"
#include "data/key_numbers.h"
#include "data/schema.h"
#include "data/united_keys.h"

namespace warmstart {

// What one cell holds: key numbers (one for categorical, any count for multi) or a number.
struct Cell {
  std::vector<std::uint32_t> keys;
  double value = 0.0;  // NaN means missing
};

// The cells of one field over rows, tasks or entities as they come from tables: keys as numbers of first sight, numbers
// as found.  A cell that nobody has set is missing.
class CellColumn {
 public:
  // Its cells lie in `memory`.
  explicit CellColumn(FieldKind kind, std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : kind_(kind), values_(memory), keys_(memory), lists_(memory) {}

  std::size_t size() const {
    return kind_ == FieldKind::kDense ? values_.size() : kind_ == FieldKind::kMulti ? lists_.size() : keys_.size();
  }
  void resize(std::size_t cells);
  // Grows where it must.
  void set(std::size_t index, const Cell& cell);
  void add(const Cell& cell) { set(size(), cell); }
  // Cells `begin` to `end` of another column of the same kind, behind the others.
  void add(const CellColumn& others, std::size_t begin, std::size_t end);

  // Of a dense field: NaN where it is missing.
  double value(std::size_t index) const {
    return index < values_.size() ? values_[index] : std::numeric_limits<double>::quiet_NaN();
  }
  std::span<const std::uint32_t> keys(std::size_t index) const {
    if (kind_ == FieldKind::kDense || index >= size()) return {};
    if (kind_ == FieldKind::kMulti) return std::span(keys_).subspan(lists_[index].first, lists_[index].count);
    return std::span(keys_).subspan(index, keys_[index] == KeyNumbers::kAbsent ? 0 : 1);
  }
  void get(std::size_t index, Cell& cell) const;

  // Keys get the numbers that all ranks know them by.
  void renumber(const NumbersOfRank& numbers);

  void write(ArrayFileWriter& file) const;
  void read(ArrayFileReader& file);

 private:
  struct List {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };

  FieldKind kind_;
  std::pmr::vector<double> values_;  // dense
  std::pmr::vector<std::uint32_t>
      keys_;                      // categorical: one a cell, kAbsent where it is missing; multi: those of lists_
  std::pmr::vector<List> lists_;  // multi
};

}  // namespace warmstart
