#include "data/row_cells.h"

namespace warmstart {

void parse_cells(std::span<const std::shared_ptr<FieldBuilder>> fields, const TableRow& row, std::size_t first,
                 std::vector<Cell>& cells) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& list = row.lists[first + i];
    list ? fields[i]->parse(*list, cells[i]) : fields[i]->parse(row.cells[first + i], cells[i]);
  }
}

}  // namespace warmstart
