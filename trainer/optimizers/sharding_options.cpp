#include "trainer/optimizers/sharding_options.h"

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
}

}  // namespace warmstart
