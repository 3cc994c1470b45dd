// Any JSON as the description of a data set whose other files are as they were written.

#include <unistd.h>

#include <cstdint>
#include <filesystem>

#include "base/errors.h"
#include "data/dataset.h"
#include "json_mutator.h"

namespace {

namespace fs = std::filesystem;

struct Folder {
  explicit Folder(const char* sample)
      : path(fs::path("/dev/shm") / ("warmstart-" + std::string(sample) + "-fuzz-" + std::to_string(getpid()))) {
    fs::copy(fs::path(WARMSTART_FORMATS) / sample, path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

void read_row_fields(const warmstart::Dataset& dataset, const warmstart::Dataset::TaskView& view) {
  const auto fields = dataset.schema().fields_of(warmstart::FieldOwner::kRow);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (std::size_t row = view.rows.first; row < view.rows.first + view.rows.label.size(); ++row) {
      const auto& column = view.shard->row_fields()[i];
      fields[i]->kind == warmstart::FieldKind::kDense ? static_cast<void>(column.dense(row))
                                                      : static_cast<void>(column.ids(row));
    }
  }
}

void read_all(const warmstart::Dataset& dataset) {
  for (const auto& field : dataset.schema().fields) {
    if (field.kind != warmstart::FieldKind::kDense) dataset.vocabulary(field);
  }
  for (std::int64_t entity = 0; entity < dataset.entities(); ++entity) dataset.entity_key(entity);
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    const auto view = dataset.task(task);
    view.key();
    for (const auto entity : view.rows.entity) dataset.entity_fields()[0].ids(entity)[0];
    read_row_fields(dataset, view);
  }
  for (std::size_t user = 0; user < dataset.users().count; ++user) dataset.user_key(user);
}

void read_in(const Folder& folder, const std::uint8_t* data, std::size_t size) {
  FILE* file = fopen((folder.path / "dataset.json").c_str(), "w");
  fwrite(data, 1, size, file);
  fclose(file);
  try {
    read_all(warmstart::Dataset(folder.path, false));
    note_accepted(data, size);
  } catch (const warmstart::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder entities("dataset-1"), users("dataset-3");
  for (const auto* folder : {&entities, &users}) read_in(*folder, data, size);
  return 0;
}
