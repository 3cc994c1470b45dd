#pragma once

#include <functional>
#include <memory>

#include "base/digest.h"
#include "cluster/communicator.h"
#include "cluster/row_exchange.h"
#include "trainer/tables/checkpoint_tables.h"
#include "trainer/tables/copied_tables.h"
#include "trainer/tables/row_addresses.h"

namespace warmstart {

// The rows that a run has to show in its sharded tables: the best on validation where it keeps them, else the last.
// They stay in the checkpoint's files, which are read one virtual shard after the other, so that no process ever holds
// a whole table: each has the rows that it asks for, and those of one shard on their way.
class TrainedRows {
 public:
  // Of a checkpoint that was read without rows.  Its tables are `tables`, which a model has declared; `addresses_of` is
  // asked about each kind of their ids.  Throws DataError unless the checkpoint has these tables.
  TrainedRows(const Checkpoint& checkpoint, std::shared_ptr<CopiedTables> tables,
              const std::function<RowAddresses(IdsOf)>& addresses_of);

  // The kinds of ids of its tables; none where the run has no sharded tables.
  const std::vector<IdRange>& kinds() const { return kinds_; }

  // Collective.  Gives the tables copies of the rows of some ids, by kinds(), int64, ascending and distinct.  Each rank
  // reads the files of its own shards, for all of them.  A process that is alone has its copies in files in the folder
  // `spill` where that is not empty (zeroed_rows.h).  Throws AgreedError, or, alone, DataError.
  void copy(const std::vector<at::Tensor>& ids, Communicator& group, const std::filesystem::path& spill = {}) const;

  // Copies of all rows, likewise.
  void copy_all(const std::filesystem::path& spill) const;

  // Adds the names and all rows of the tables, in their order in the checkpoint: by the run's own ids or, where they
  // grow, in the order of addresses.  What is on its way lies in files in the folder `spill` where that is not empty.
  void add_to(Digest& digest, const std::filesystem::path& spill) const;

 private:
  struct Wanted {
    std::vector<WantedRows> rows;    // of each kind
    std::vector<at::Tensor> places;  // of each of its ids among them: keys without a row may share one
  };
  Wanted wanted(const std::vector<at::Tensor>& ids, int ranks) const;
  std::vector<at::Tensor> read(const std::vector<at::Tensor>& addresses, ShardRange shards,
                               const std::filesystem::path& spill) const;
  void copy_alone(const std::vector<at::Tensor>& ids, const std::filesystem::path& spill) const;
  void put_shard(std::int64_t number, const std::vector<at::Tensor>& addresses,
                 const std::vector<std::vector<at::Tensor>>& positions, const std::vector<at::Tensor>& rows) const;
  std::size_t kind_of(const CopiedTables::Table& table) const;

  TableFiles files_;
  bool best_;
  std::shared_ptr<CopiedTables> tables_;
  std::vector<IdRange> kinds_;
  std::vector<RowAddresses> addresses_;  // of each kind
};

}  // namespace warmstart
