#include "trainer/tables/tables.h"

namespace warmstart {

void Tables::add(TableDeclaration table) {
  if (table.ids > replicated_rows_)
    sharded_.add(table);
  else
    replicated_.add(std::move(table));
}

at::Tensor Tables::fetch(const std::string& table, const at::Tensor& ids) const {
  return sharded_.contains(table) ? sharded_.rows(table, ids) : replicated_.fetch(table, ids);
}

at::Tensor Tables::whole(const std::string& table) const {
  return sharded_.contains(table) ? sharded_.whole(table) : replicated_.whole(table);
}

}  // namespace warmstart
