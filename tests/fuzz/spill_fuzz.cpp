// Any bytes as a shard's temporary file: refused by a DataError, or every task, row and key in it is one that there is.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/errors.h"
#include "data/clean_shard.h"
#include "data/spill.h"

namespace {

constexpr std::size_t kEntities = 3, kUsers = 2;

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "warmstart-fuzz-XXXXXX").string();
    if (!mkdtemp(pattern.data())) std::abort();
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

warmstart::FieldBuilders make_fields() {
  warmstart::TableOptions table;
  table.categorical = {"a"};
  table.multi = {"b"};
  table.dense = {"c"};
  auto fields = warmstart::field_builders(table, warmstart::FieldOwner::kRow, warmstart::IngestOptions());
  warmstart::Cell cell;
  for (const auto* key : {"x", "y"}) fields[0]->parse(key, cell), fields[1]->parse(key, cell);
  return fields;
}

warmstart::IngestOptions make_options() {
  warmstart::IngestOptions options;
  options.min_rows = 1;
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  static const auto fields = make_fields();
  std::ofstream(folder.path / "spill-00000-00000", std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    const auto keys = warmstart::NumbersOfRank(2);
    const std::vector<warmstart::SpillOfRank> ranks = {
        {0, warmstart::NumbersOfRank(kEntities), {keys, keys, keys}, 0, warmstart::NumbersOfRank(kUsers)}};
    // Rows in inputs of an odd length have users of their own.
    const bool has_user = size % 2 == 1;
    const warmstart::SpillReader reader = {folder.path, fields, ranks, true, has_user, fields.size()};
    auto shard = reader.read(0);
    warmstart::clean(shard, make_options(), [](const auto&) { return 1.0; });
    warmstart::CellReader cells_of_row(fields);
    for (const auto& task : shard.tasks) {
      for (const auto& row : task.rows) {
        if (row.entity >= kEntities || !std::isfinite(row.label) || row.time >= 1.0) std::abort();
        if (has_user ? row.user >= kUsers : row.user != warmstart::kNoUser) std::abort();
        for (const auto key : cells_of_row.of(row)[1].keys) {
          if (key >= fields[1]->keys.size()) std::abort();
        }
      }
    }
  } catch (const warmstart::Error&) {
  }
  return 0;
}
