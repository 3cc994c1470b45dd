#include "trainer/tables/tables.h"

#include <ATen/ATen.h>

namespace warmstart {

void Tables::add(TableDeclaration table) {
  names_.push_back(table.name);
  if (is_copied(table.name))
    copied_->declare(table);
  else if (table.ids > replicated_rows_)
    sharded_.add(table);
  else
    replicated_.add(std::move(table));
}

at::Tensor Tables::fetch(const std::string& table, const at::Tensor& ids) const {
  if (is_copied(table)) return copied_->rows(table, ids);
  return sharded_.contains(table) ? sharded_.rows(table, ids) : replicated_.fetch(table, ids);
}

at::Tensor Tables::embedding(const std::string& table, const at::Tensor& ids) const {
  if (is_copied(table)) return copied_->rows(table, ids);
  if (!sharded_.contains(table)) return replicated_.embedding(table, ids);
  auto sizes = ids.sizes().vec();
  sizes.push_back(sharded_[table].width);
  return sharded_.rows(table, ids.flatten().contiguous()).view(sizes);
}

at::Tensor Tables::whole(const std::string& table) const {
  if (is_copied(table)) return copied_->whole(table);
  return sharded_.contains(table) ? sharded_.whole(table) : replicated_.whole(table);
}

}  // namespace warmstart
