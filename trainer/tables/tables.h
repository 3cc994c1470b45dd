#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "trainer/layers/embedding_source.h"
#include "trainer/tables/copied_tables.h"
#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// Which tables are sharded, and whose rows of them this is to be.
struct TableHome {
  std::int64_t replicated_rows = std::numeric_limits<std::int64_t>::max();  // up to which a table is replicated
  int rank = 0, ranks = 1;
  RowStorage storage = {};
  std::shared_ptr<CopiedTables> copied = {};  // tables that these contain are neither replicated nor sharded
};

// A model's tables: small ones among its parameters, which outlive this, large ones sharded, or copied row by row.
class Tables : public EmbeddingSource {
 public:
  Tables(Parameters& parameters, const TableHome& home)
      : replicated_(parameters),
        sharded_(home.rank, home.ranks, home.storage),
        copied_(home.copied),
        replicated_rows_(home.replicated_rows) {}

  void add(TableDeclaration table) override;
  at::Tensor fetch(const std::string& table, const at::Tensor& ids) const override;
  at::Tensor embedding(const std::string& table, const at::Tensor& ids) const override;

  // In the order in which they were declared.
  const std::vector<std::string>& names() const { return names_; }
  // All rows of one of which this process has them all, without their history: [ids, width].
  at::Tensor whole(const std::string& table) const;

  const ReplicatedTables& replicated() const { return replicated_; }
  ShardedTables& sharded() { return sharded_; }
  const ShardedTables& sharded() const { return sharded_; }
  const std::shared_ptr<CopiedTables>& copied() const { return copied_; }  // null where there are none

 private:
  bool is_copied(const std::string& table) const { return copied_ && copied_->contains(table); }

  ReplicatedTables replicated_;
  ShardedTables sharded_;
  std::shared_ptr<CopiedTables> copied_;
  std::int64_t replicated_rows_;
  std::vector<std::string> names_;
};

}  // namespace warmstart
