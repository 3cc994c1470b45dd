#pragma once

#include <limits>

#include "trainer/layers/embedding_source.h"
#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// Which tables are sharded, and whose rows of them this is to be.
struct TableHome {
  std::int64_t replicated_rows = std::numeric_limits<std::int64_t>::max();  // up to which a table is replicated
  int rank = 0, ranks = 1;
  RowStorage storage = {};
};

// A model's tables: small ones among its parameters, which outlive this, large ones sharded.
class Tables : public EmbeddingSource {
 public:
  Tables(Parameters& parameters, const TableHome& home)
      : replicated_(parameters),
        sharded_(home.rank, home.ranks, home.storage),
        replicated_rows_(home.replicated_rows) {}

  void add(TableDeclaration table) override;
  at::Tensor fetch(const std::string& table, const at::Tensor& ids) const override;
  at::Tensor whole(const std::string& table) const override;

  const ReplicatedTables& replicated() const { return replicated_; }
  ShardedTables& sharded() { return sharded_; }
  const ShardedTables& sharded() const { return sharded_; }

 private:
  ReplicatedTables replicated_;
  ShardedTables sharded_;
  std::int64_t replicated_rows_;
};

}  // namespace warmstart
