#include "tests/support/small_dataset.h"

#include "data/ingest.h"

namespace warmstart {

IngestOptions options_for_synthetic(const std::filesystem::path& tables, const std::filesystem::path& dataset) {
  IngestOptions options;
  options.dataset = dataset;
  options.interactions.files = {(tables / "interactions.csv").string()};
  options.user = "user";
  options.item = "item";
  options.label = "rating";
  options.time = "time";
  options.users.files = {(tables / "users.csv").string()};
  options.users.key = "user";
  options.users.categorical = {"group"};
  options.items.files = {(tables / "items.csv").string()};
  options.items.key = "item";
  options.items.categorical = {"category"};
  options.shards = 3;
  return options;
}

IngestOptions ingest_small_dataset(const std::filesystem::path& folder) {
  SyntheticOptions synthetic;
  synthetic.folder = folder / "tables";
  synthetic.users = 60;
  synthetic.items = 40;
  synthetic.rows_per_user = 20;
  synthesize(synthetic);
  const auto options = options_for_synthetic(folder / "tables", folder / "dataset");
  ingest(options);
  return options;
}

}  // namespace warmstart
