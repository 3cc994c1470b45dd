// trainer/tables/: embedding tables that are too large to be dense parameters of every rank.
//
// A table's rows lie in virtual shards (cluster/virtual_shards.h), in the host memory of the rank that holds the shard;
// one rank is no exception.  A row is fetched by those who look it up and comes back as a gradient (TableStep); what
// nobody looks up costs nothing.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"
#include "cluster/row_exchange.h"
#include "cluster/virtual_shards.h"
#include "trainer/layers/table_declaration.h"

namespace warmstart {

// A table's rows that this rank holds, one virtual shard after the other.
struct ShardedTable {
  // Numbers of a row that belong together: its values, then what an optimizer keeps beside them.
  struct Column {
    std::string name;
    std::int64_t first, width;
  };

  std::string name;
  ParameterGroup group;
  IdsOf ids_of;
  std::int64_t ids, width;  // of the whole table
  RowPlaces places;
  ShardRange shards;
  std::vector<Column> columns;  // the first is the values
  at::Tensor records;           // float32 [places of the shards, all columns]
  at::Tensor steps = {};  // int64 [places]: when each row was last touched, from 1; where an optimizer asks for it
  at::Tensor best = {};   // the values that did best on validation, [places, width]

  std::int64_t first_place() const { return places.first(shards.first); }
  std::int64_t held() const { return places.per_shard() * shards.count; }  // places
  at::Tensor column(const Column& of) const { return records.narrow(1, of.first, of.width); }
  at::Tensor values() const { return column(columns.front()); }
};

// Names of a table's arrays in checkpoints.
constexpr const char* kTableValues = "values";
constexpr const char* kBestTableValues = "best_values";
constexpr const char* kTableSteps = "last_step";

class ShardedTables {
 public:
  // Of rank `rank` of `ranks`, kVirtualShards at most.
  ShardedTables(int rank, int ranks) : shards_(shards_of(rank, ranks)), ranks_(ranks) {}

  // Declares a table; all of them before draw().
  void add(const TableDeclaration& table);

  // Numbers of a row's values that this rank would hold, of all tables.
  double count() const;

  // Makes the rows that this rank holds, with their initial values.
  void draw();

  bool empty() const { return tables_.empty(); }
  std::vector<ShardedTable>& list() { return tables_; }
  const std::vector<ShardedTable>& list() const { return tables_; }
  bool contains(const std::string& table) const { return index_.contains(table); }
  const ShardedTable& operator[](const std::string& table) const { return tables_[index_.at(table)]; }
  int ranks() const { return ranks_; }

  // Tables with ids of one kind have the same places, and so share lists of them.
  const std::vector<IdsOf>& lists() const { return lists_; }
  std::size_t list_of(const ShardedTable& table) const;
  const RowPlaces& places_of_list(std::size_t list) const;

  // Lets an optimizer keep columns beside each row, 0 at first: as wide as the row, or of one number.
  void keep_beside(const std::vector<std::string>& columns, bool as_wide);
  // And when it was last touched.
  void keep_steps();

  // Sets the values of a table of width 1 by id: [ids].
  void assign(const std::string& table, const at::Tensor& by_id);

  // Rows [n, width] of `ids` that this rank holds, or has been told to hold by hold().
  at::Tensor rows(const std::string& table, const at::Tensor& ids) const;
  // All rows by id; where one rank holds them all.
  at::Tensor whole(const std::string& table) const;

  // Collective.  Copies of the rows of some ids from those who hold them, until release(); by lists().
  void hold(const std::vector<at::Tensor>& ids, Communicator& group);
  void release() { held_.clear(), held_rows_.clear(); }

  // The values that did best on validation.
  void keep_best();
  void take_best();

  // Collective.  Of all values: the same on any number of ranks.
  std::string digest(Communicator& group) const;

  // Their share of a checkpoint.
  void save(Checkpoint& checkpoint) const;
  void restore(const Checkpoint& checkpoint);

 private:
  std::vector<ShardedTable> tables_;
  std::map<std::string, std::size_t> index_;
  std::vector<TableInitial> initial_;
  std::vector<IdsOf> lists_;
  ShardRange shards_;
  int ranks_;
  std::vector<at::Tensor> held_;       // places, by list
  std::vector<at::Tensor> held_rows_;  // by table
};

// Tables of a checkpoint of all shards, by id: [ids, width] each, of the arrays named `array`.
NamedTensors whole_tables(const Checkpoint& checkpoint, const std::string& array);

}  // namespace warmstart
