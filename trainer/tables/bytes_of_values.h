#pragma once

#include <vector>

namespace warmstart {

// Bytes of the values of all ids of all tables of a list, wherever they lie.
template <typename Table>
double bytes_of_values(const std::vector<Table>& tables) {
  double bytes = 0;
  for (const auto& table : tables)
    bytes += sizeof(float) * static_cast<double>(table.ids) * static_cast<double>(table.width);
  return bytes;
}

}  // namespace warmstart
