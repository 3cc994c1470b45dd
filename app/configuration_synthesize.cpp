#include "app/configuration.h"

namespace warmstart {

void add_synthesize_options(Options& add, Configuration& c) {
  auto& tables = c.synthesize;
  add.add("report.output", c.report, "file for the report as HTML");
  add.add("synthesize.to", tables.folder, "new folder for the tables");
  add.add("synthesize.users", tables.users, "users").from(10).to(1e9);
  add.add("synthesize.items", tables.items, "items").from(2).to(1e9);
  add.add("synthesize.rows-per-user", tables.rows_per_user, "rows a user has on average").from(2).to(1e9);
  add.add("synthesize.rank", tables.rank, "of the planted preferences").from(1).to(1e6);
  add.add("synthesize.noise", tables.noise, "standard deviation of the labels' noise").from(0).to(1e6);
  add.add("synthesize.seed", tables.seed, "of all that is drawn");
}

}  // namespace warmstart
