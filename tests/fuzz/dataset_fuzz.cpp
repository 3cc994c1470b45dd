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
  Folder() : path("/dev/shm/warmstart-dataset-fuzz-" + std::to_string(getpid())) {
    fs::copy(WARMSTART_FORMATS "/dataset-1", path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

void read_all(const warmstart::Dataset& dataset) {
  for (const auto& field : dataset.schema().fields) {
    if (field.kind != warmstart::FieldKind::kDense) dataset.vocabulary(field);
  }
  for (std::int64_t entity = 0; entity < dataset.entities(); ++entity) dataset.entity_key(entity);
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    const auto view = dataset.task(task);
    view.key();
    for (const auto entity : view.rows.entity) dataset.entity_fields()[0].ids(entity)[0];
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  FILE* file = fopen((folder.path / "dataset.json").c_str(), "w");
  fwrite(data, 1, size, file);
  fclose(file);
  try {
    read_all(warmstart::Dataset(folder.path, false));
    note_accepted(data, size);
  } catch (const warmstart::Error&) {
  }
  return 0;
}
