#pragma once

#include <memory>
#include <span>
#include <vector>

#include "data/side_table.h"
#include "data/table_reader.h"

namespace warmstart {

// What a row says of the fields, whose columns stand one after the other from `first` on, in the first of `cells`.
// Throws BadRow.
void parse_cells(std::span<const std::shared_ptr<FieldBuilder>> fields, const TableRow& row, std::size_t first,
                 std::vector<Cell>& cells);

}  // namespace warmstart
