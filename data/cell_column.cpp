#include "data/cell_column.h"

namespace warmstart {

void CellColumn::resize(std::size_t cells) {
  switch (kind_) {
    case FieldKind::kDense:
      return values_.resize(cells, std::numeric_limits<double>::quiet_NaN());
    case FieldKind::kCategorical:
      return keys_.resize(cells, KeyNumbers::kAbsent);
    case FieldKind::kMulti:
      return lists_.resize(cells);
  }
}

void CellColumn::set(std::size_t index, const Cell& cell) {
  if (index >= size()) resize(index + 1);
  switch (kind_) {
    case FieldKind::kDense:
      values_[index] = cell.value;
      return;
    case FieldKind::kCategorical:
      keys_[index] = cell.keys.empty() ? KeyNumbers::kAbsent : cell.keys[0];
      return;
    case FieldKind::kMulti:
      lists_[index] = {keys_.size(), cell.keys.size()};
      keys_.insert(keys_.end(), cell.keys.begin(), cell.keys.end());
  }
}

void CellColumn::add(const CellColumn& others, std::size_t begin, std::size_t end) {
  for (auto index = begin; index < end; ++index) {
    switch (kind_) {
      case FieldKind::kDense:
        values_.push_back(others.value(index));
        break;
      case FieldKind::kCategorical:
        keys_.push_back(index < others.keys_.size() ? others.keys_[index] : KeyNumbers::kAbsent);
        break;
      case FieldKind::kMulti:
        const auto keys = others.keys(index);
        lists_.push_back({keys_.size(), keys.size()});
        keys_.insert(keys_.end(), keys.begin(), keys.end());
    }
  }
}

void CellColumn::get(std::size_t index, Cell& cell) const {
  const auto of_cell = keys(index);
  cell.keys.assign(of_cell.begin(), of_cell.end());
  cell.value = value(index);
}

void CellColumn::renumber(const NumbersOfRank& numbers) {
  for (auto& key : keys_) {
    if (key != KeyNumbers::kAbsent) key = numbers[key];
  }
}

void CellColumn::write(ArrayFileWriter& file) const {
  file.add(values_);
  file.add(keys_);
  file.add(lists_);
}

void CellColumn::read(ArrayFileReader& file) {
  file.take(values_);
  file.take(keys_);
  file.take(lists_);
}

}  // namespace warmstart
