#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "checkpoints/checkpoint.h"
#include "trainer/tables/checkpoint_growth.h"

namespace warmstart {

// What there is to say of a checkpoint's sharded tables, gathered from one virtual shard after the other.
class TableInspection {
 public:
  // A checkpoint of one virtual shard; the first one begins anew.  Throws DataError where it has not what it should
  // have.
  void add(const Checkpoint& shard);

  // Of each table, and of each growing one's best values: name, rows, width, keys, arrays, bytes, touched rows.
  nlohmann::json tables() const { return tables_; }
  // Of each list of growing tables: what has become of its keys.
  nlohmann::json growth() const;
  // Of the rows that the run has to show, as of parameters: name, shape and norm.
  nlohmann::json parameters() const;

 private:
  struct Rows {
    std::string name;
    std::int64_t count, width;
    double squares;  // of all numbers
  };
  void add_rows(const Checkpoint& shard);

  nlohmann::json tables_ = nlohmann::json::array();
  std::vector<GrowthFacts> growth_;
  std::vector<Rows> rows_;  // of each table
};

}  // namespace warmstart
