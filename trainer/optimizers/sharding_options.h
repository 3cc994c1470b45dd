#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "base/option_value.h"
#include "trainer/tables/field_growth.h"
#include "trainer/tables/tables.h"

namespace warmstart {

class Options;

// How the rows of sharded tables are updated: only those that a meta-step has looked up.
enum class RowRule { kLazyAdam, kRowwiseAdagrad, kSgd };
NLOHMANN_JSON_SERIALIZE_ENUM(RowRule, {{RowRule::kLazyAdam, "lazy-adam"},
                                       {RowRule::kRowwiseAdagrad, "rowwise-adagrad"},
                                       {RowRule::kSgd, "sgd"}})

// Which tables are sharded: those of more rows than are replicated.
struct TablePlacement {
  std::int64_t replicated_rows = 100000;
};
std::string to_text(const TablePlacement& placement);  // replicated:100000
void read(const std::string& text, const Range& range, TablePlacement& placement);

struct ShardingOptions {
  TablePlacement placement = {};
  RowRule optimizer = RowRule::kLazyAdam;
  std::optional<double> rate = {};  // else train.rate
  double epsilon = 1e-8;
  Growth growth = {};
  FieldGrowths fields = {};
  std::filesystem::path spill = {};
};

// Where rank `rank` of `ranks` has its tables.  Throws UsageError where the data set lacks a field that is named.
TableHome home_of(const ShardingOptions& options, const Schema& schema, int rank, int ranks);

// Throws UsageError where options do not go together.
void check(const ShardingOptions& options);

// Those of the section tables.
void declare(Options& add, ShardingOptions& options);

}  // namespace warmstart
