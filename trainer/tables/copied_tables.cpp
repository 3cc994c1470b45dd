#include "trainer/tables/copied_tables.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "trainer/tables/rows_at.h"

namespace warmstart {

void CopiedTables::declare(const TableDeclaration& table) {
  const bool is_known =
      std::any_of(list_.begin(), list_.end(), [&](const auto& each) { return each.name == table.name; });
  if (!is_known) list_.push_back({table.name, table.ids_of, table.ids, table.width});
}

at::Tensor CopiedTables::rows(const std::string& table, const at::Tensor& ids) const {
  const auto& [known, rows] = held(table);
  if (!known.defined()) return at::embedding(rows.detach(), ids);
  auto sizes = ids.sizes().vec();
  sizes.push_back(rows.size(1));
  return rows_of(known, rows, ids.flatten().contiguous(), table).view(sizes);
}

const at::Tensor& CopiedTables::whole(const std::string& table) const {
  const auto& [known, rows] = held(table);
  if (known.defined()) throw std::logic_error(table + ": the whole table is asked for, and some rows are held");
  return rows;
}

const CopiedTables::Held& CopiedTables::held(const std::string& table) const {
  const auto found = held_.find(table);
  if (found == held_.end()) throw std::logic_error(table + ": rows are asked for, and none are held");
  return found->second;
}

}  // namespace warmstart
