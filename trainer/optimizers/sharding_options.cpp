#include "trainer/optimizers/sharding_options.h"

#include "base/errors.h"
#include "base/options.h"

namespace warmstart {
namespace {

constexpr std::string_view kReplicated = "replicated:";

}  // namespace

std::string to_text(const TablePlacement& placement) {
  return fmt::format("{}{}", kReplicated, placement.replicated_rows);
}

void read(const std::string& text, const Range&, TablePlacement& placement) {
  if (!text.starts_with(kReplicated)) throw std::invalid_argument("wants replicated:ROWS, as in replicated:100000");
  const Range rows = {.least = 0, .most = kMostWhole, .unit = "rows"};
  read(text.substr(kReplicated.size()), rows, placement.replicated_rows);
}

void declare(Options& add, ShardingOptions& options) {
  add.add("tables.default", options.placement,
          "replicated:ROWS: embedding tables of up to so many rows are dense parameters of every rank; larger ones are "
          "sharded over the ranks, and a step costs what it looks up of them");
  add.add("tables.optimizer", options.optimizer,
          "of rows of sharded tables: lazy-adam, rowwise-adagrad (one number beside each row), sgd (none)");
  add.add("tables.rate", options.rate, "their outer rate, with train.rate's warm-up and decay; empty: train.rate")
      .above(0)
      .to(1e30);
  add.add("tables.epsilon", options.epsilon, "added to the root that their step is divided by").above(0).to(1);
  add.add("tables.most-rows", options.growth.most_rows,
          "sharded tables grow: a key has a row of its own once training has seen it tables.admit times, and a table "
          "holds so many rows at most; until then keys share rows. 0: each key has a row from the start")
      .from(0)
      .to(kMostGrownRows)
      .unit("rows");
  add.add("tables.admit", options.growth.admit, "after which a key gets a row")
      .from(1)
      .to(kMostSightings)
      .unit("sightings");
  add.add("tables.evict", options.growth.evict,
          "whose rows go when a table is full: least-recent, least-frequent, none (new keys wait)");
  add.add(
      "tables.fields", options.fields,
      "fields whose keys have rows of their own in growing tables, which no other field's take: FIELD: most-rows N, "
      "admit N, evict WORD; FIELD: ... (admit and evict where they are other ones than tables.admit, tables.evict)");
  add.add("tables.spill", options.spill,
          "folder on a local disk where the rows of sharded tables lie, in files without a name that are read and "
          "written by page; empty: in memory")
      .neutral();
}

TableHome home_of(const ShardingOptions& options, const Schema& schema, int rank, int ranks) {
  require_fields(options.fields, schema);
  RowStorage storage = {.growth = options.growth, .spill = options.spill};
  if (!options.fields.list.empty())
    for (const auto ids : {IdsOf::kKeys, IdsOf::kRows, IdsOf::kTasks})
      storage.pools[ids] = pools_of(options.growth, options.fields, schema, ids);
  if (options.optimizer == RowRule::kLazyAdam) storage.wide_columns = 2;
  if (options.optimizer == RowRule::kRowwiseAdagrad) storage.single_columns = 1;
  return {options.placement.replicated_rows, rank, ranks, std::move(storage)};
}

void check(const ShardingOptions& options) {
  const Growth fixed;
  require(options.growth.most_rows > 0 || (options.growth.admit == fixed.admit && options.growth.evict == fixed.evict),
          "tables.admit and tables.evict are of tables that grow: set tables.most-rows, too");
  require(options.growth.most_rows > 0 || options.fields.list.empty(),
          "tables.fields is of tables that grow: set tables.most-rows, too, which all other fields then share");
  require(options.spill.empty() || std::filesystem::is_directory(options.spill),
          "tables.spill = " + options.spill.string() + ": is no folder; make it, or leave tables.spill empty");
}

}  // namespace warmstart
