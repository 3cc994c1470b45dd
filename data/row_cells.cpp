#include "data/row_cells.h"

namespace warmstart {

std::vector<Cell> parse_cells(const FieldBuilders& fields, const TableRow& row, std::size_t first) {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& list = row.lists[first + i];
    cells.push_back(list ? fields[i]->parse(*list) : fields[i]->parse(row.cells[first + i]));
  }
  return cells;
}

}  // namespace warmstart
