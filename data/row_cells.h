#pragma once

#include <vector>

#include "data/side_table.h"
#include "data/table_reader.h"

namespace warmstart {

// What a row says of the fields, whose columns stand one after the other from `first` on.  Throws BadRow.
std::vector<Cell> parse_cells(const FieldBuilders& fields, const TableRow& row, std::size_t first);

}  // namespace warmstart
