#include "tests/support/small_dataset.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/random.h"
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
  auto options = options_for_synthetic(folder / "tables", folder / "dataset");
  ingest(options);
  return options;
}

void write_small_classes(const std::filesystem::path& tables) {
  std::filesystem::create_directories(tables);
  std::string rows = "example,letter\n", items = "example,x,y\n";
  for (int of_class = 0; of_class < 12; ++of_class) {
    RandomStream random(0, Purpose::kSynthesize, static_cast<std::uint64_t>(of_class));
    const double x = 3 * random.normal(), y = 3 * random.normal();
    for (int i = 0; i < 10; ++i) {
      const auto example = fmt::format("{}-{}", static_cast<char>('a' + of_class), i);
      rows += fmt::format("{},{}\n", example, example.front());
      const double dx = random.normal(), dy = random.normal();
      items += fmt::format("{},{},{}\n", example, x + dx, y + dy);
    }
  }
  write_file(tables / "interactions.csv", rows);
  write_file(tables / "items.csv", items);
  write_file(tables / "validation.txt", "i\nj\n");
  write_file(tables / "test.txt", "k\nl\n");
}

IngestOptions ingest_small_classes(const std::filesystem::path& folder) {
  const auto tables = folder / "tables";
  write_small_classes(tables);
  IngestOptions options;
  options.dataset = folder / "dataset";
  options.task = TaskSide::kClass;
  options.interactions.files = {(tables / "interactions.csv").string()};
  options.item = "example";
  options.class_column = "letter";
  options.items.files = {(tables / "items.csv").string()};
  options.items.key = "example";
  options.items.dense = {"x", "y"};
  options.validation = (tables / "validation.txt").string();
  options.test = (tables / "test.txt").string();
  ingest(options);
  return options;
}

}  // namespace warmstart
