#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trainer/layers/table_declaration.h"

namespace warmstart {

// Tables whose rows lie elsewhere: of each a process has copies of those rows that it looks up, by their ids.  Models
// that differ in nothing that tables know of may share them.
class CopiedTables {
 public:
  struct Table {
    std::string name;
    IdsOf ids_of;
    std::int64_t ids, width;  // of the whole table
  };

  // Tables of these names are copied; a model says what else they are.
  explicit CopiedTables(std::set<std::string> names) : names_(std::move(names)) {}

  bool contains(const std::string& table) const { return names_.contains(table); }
  const std::set<std::string>& names() const { return names_; }
  // Once for each model.
  void declare(const TableDeclaration& table);
  const std::vector<Table>& list() const { return list_; }

  // From now on the rows [n, width] of these ids of a table, int64 [n], ascending and distinct, are those that there
  // are; undefined ids stand for all.
  void hold(const std::string& table, at::Tensor ids, at::Tensor rows) {
    held_[table] = {std::move(ids), std::move(rows)};
  }

  // The rows [.., width] of `ids` [..]; by one operator where all are held.  Throws std::logic_error for rows that are
  // not.
  at::Tensor rows(const std::string& table, const at::Tensor& ids) const;
  // All rows, where they are held: [ids, width].
  const at::Tensor& whole(const std::string& table) const;

 private:
  struct Held {
    at::Tensor ids, rows;
  };
  const Held& held(const std::string& table) const;

  std::set<std::string> names_;
  std::vector<Table> list_;
  std::map<std::string, Held> held_;
};

}  // namespace warmstart
