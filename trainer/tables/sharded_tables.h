// trainer/tables/: embedding tables that are too large to be dense parameters of every rank.
//
// A table's rows lie in virtual shards (cluster/virtual_shards.h), in the host memory of the rank that holds the shard,
// or in a file that stands for it; one rank is no exception.  A row is fetched by those who look it up and comes back
// as a gradient (TableStep); what nobody looks up costs nothing.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"
#include "cluster/row_exchange.h"
#include "trainer/tables/copied_tables.h"
#include "trainer/tables/table_list.h"

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
  RowPlaces places;         // where it grows, of as many rows as there can be
  ShardRange shards;
  std::filesystem::path spill = {};  // the folder of the files that rows and copies of them lie in; empty: in memory
  std::vector<Column> columns;       // the first is the values
  at::Tensor records;                // float32 [places of the shards, at least all columns]
  at::Tensor steps = {};             // int64 [places]: when each row last changed, from 1; 0: it is as it was drawn
  at::Tensor best = {};     // the values that did best on validation, [places, width]; where it grows, of best rows
  at::Tensor initial = {};  // assigned initial values by id; else each is drawn
  // Places of rows of which some number is not finite: who writes rows notes them, so that nobody has to look for them.
  std::shared_ptr<std::set<std::int64_t>> not_finite = std::make_shared<std::set<std::int64_t>>();

  std::int64_t first_place() const { return places.first(shards.first); }
  std::int64_t held() const { return places.per_shard() * shards.count; }  // places
  at::Tensor column(const Column& of) const { return records.narrow(1, of.first, of.width); }
  at::Tensor values() const { return column(columns.front()); }
};

// How rows are stored.
struct RowStorage {
  Growth growth = {};
  std::map<IdsOf, std::vector<RowPool>> pools = {};  // where tables grow: of ids with fields that have one of their own
  std::filesystem::path spill = {};                  // the folder of the files that rows lie in; empty: in memory
  // Columns that an optimizer will keep beside the values: as wide as the row, and of one number.
  std::int64_t wide_columns = 0, single_columns = 0;
};

// Keys that a meta-step has looked up, of those in this rank's shards.
struct Sightings {
  std::size_t list;      // of tables
  at::Tensor addresses;  // int64 [n], ascending
  at::Tensor count;      // float32, n of them
};

class ShardedTables {
 public:
  // Of rank `rank` of `ranks`, kVirtualShards at most.
  ShardedTables(int rank, int ranks, RowStorage storage = {})
      : shards_(shards_of(rank, ranks)), ranks_(ranks), storage_(std::move(storage)) {}

  // Declares a table; all of them before draw().
  void add(const TableDeclaration& table);

  // Numbers of rows' values that this rank would hold, of all tables; and of these in memory.
  double count() const;
  double count_in_memory() const { return storage_.spill.empty() ? count() : 0.0; }

  // Makes the rows that this rank holds, with their initial values.
  void draw();

  bool empty() const { return tables_.empty(); }
  std::vector<ShardedTable>& list() { return tables_; }
  const std::vector<ShardedTable>& list() const { return tables_; }
  bool contains(const std::string& table) const { return index_.contains(table); }
  const ShardedTable& operator[](const std::string& table) const { return tables_[index_.at(table)]; }
  int ranks() const { return ranks_; }
  bool grow() const { return storage_.growth.most_rows > 0; }

  // Tables with ids of one kind have the same places, and so share lists of them.
  std::vector<TableList>& lists() { return lists_; }
  const std::vector<TableList>& lists() const { return lists_; }
  std::size_t list_of(const ShardedTable& table) const;
  // That a table has, or where it grows can have.
  std::int64_t most_rows(const ShardedTable& table) const { return lists_[list_of(table)].most_rows(); }

  // Lets an optimizer keep columns beside each row, 0 at first: as wide as the row, or of one number.
  void keep_beside(const std::vector<std::string>& columns, bool as_wide);

  // Sets the values of a table by id: [ids, width]; where it grows, those that new rows start from.
  void assign(const std::string& table, const at::Tensor& by_id);

  // What meta-step `step`, counted from 0, has looked up.  Where tables grow, keys get rows and lose them.
  void end_step(std::int64_t step, const std::vector<Sightings>& sightings);

  // Collective.  Of all tables that grow, on all ranks.
  GrowthReport growth(Communicator& group) const;

  // Rows [n, width] of `ids` that this rank holds, or has been told to hold by hold().
  at::Tensor rows(const std::string& table, const at::Tensor& ids) const;
  // All rows by id; where one rank holds them all.
  at::Tensor whole(const std::string& table) const;

  // Collective.  Copies of the rows of some ids from those who hold them, until release(); by lists().
  void hold(const std::vector<at::Tensor>& ids, Communicator& group);
  void release() { held_.clear(), held_rows_.clear(); }

  // The values that did best on validation, after so many steps.
  void keep_best(std::int64_t step);
  void take_best();

  // Whether all numbers of all rows that this rank holds are finite, those of the best values, too.
  bool are_finite() const;

  // Collective.  Of all values: the same on any number of ranks.
  std::string digest(Communicator& group) const;

  // Their share of a checkpoint, all of it or, where the checkpoint has a base, what has changed since.
  void save(Checkpoint& checkpoint) const;
  void restore(const Checkpoint& checkpoint);
  // Rows of another run's growing tables, as the initial ones of this; the checkpoint has those of these shards.
  void start_from(const Checkpoint& checkpoint);

  // The ids whose rows this rank holds, of tables that do not grow, int64 and ascending, by lists(); and takes these
  // rows of the tables that `from` has.
  std::vector<at::Tensor> held_ids() const;
  void take(const CopiedTables& from);

 private:
  TableList made_list(const TableDeclaration& table) const;
  void draw_row(std::size_t table, const TableList& list, std::int64_t place) const;
  std::string digest_of_shard(const ShardedTable& table, std::int64_t shard) const;
  // The best rows, for a checkpoint; null where there was no validation, or none that is newer than its base.
  const ListedRows* best_for(const Checkpoint& checkpoint, std::size_t list) const;

  std::vector<ShardedTable> tables_;
  std::map<std::string, std::size_t> index_;
  std::vector<TableInitial> initial_;
  std::vector<TableList> lists_;
  std::vector<ListedRows> best_rows_;  // of lists that grow, at the time of the best values
  std::int64_t best_step_ = 0;
  bool best_are_finite_ = true;
  ShardRange shards_;
  int ranks_;
  RowStorage storage_;
  std::vector<at::Tensor> held_;       // addresses, by list
  std::vector<at::Tensor> held_rows_;  // by table
};

}  // namespace warmstart
