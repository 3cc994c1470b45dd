// A shard that is sound as a file, with any numbers in its arrays and arrays of any length.

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/errors.h"
#include "base/hdf5.h"
#include "data/shard.h"

namespace warmstart {
namespace {

constexpr std::size_t kEntities = 4, kUsers = 2, kVocabulary = 3;

// Takes numbers from the front of the input; zeros once it is used up.
class Source {
 public:
  Source(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  template <typename T>
  T take() {
    T value{};
    const auto count = std::min(size_, sizeof value);
    std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }
  // Most numbers are small, or the checks behind the first would never be met.
  template <typename T>
  std::vector<T> numbers() {
    std::vector<T> values(take<std::uint8_t>() % 8);
    for (auto& value : values) value = take<std::uint8_t>() == 0xff ? take<T>() : static_cast<T>(take<std::int8_t>());
    return values;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

Schema schema() {
  Schema schema;
  schema.fields = {
      {.name = "key", .vocabulary_size = kVocabulary},
      {.name = "one", .owner = FieldOwner::kTask, .vocabulary_size = kVocabulary},
      {.name = "many", .kind = FieldKind::kMulti, .owner = FieldOwner::kRow, .vocabulary_size = kVocabulary},
      {.name = "dense", .kind = FieldKind::kDense, .owner = FieldOwner::kRow},
      {.name = "user", .owner = FieldOwner::kRow, .vocabulary_size = kVocabulary}};
  return schema;
}

// Sound ones: what refers to them is any number.
class Users {
 public:
  explicit Users(const std::filesystem::path& path) {
    {
      Hdf5Writer writer(path);
      writer.array("field/user", std::vector<std::uint32_t>{1, kVocabulary});
      writer.close();
    }
    file_.emplace(path);
    std::filesystem::remove(path);
    users_.fields.emplace("user", StoredColumn(*file_, "field/user", schema().fields.back(), kUsers));
  }
  const StoredUsers& get() const { return users_; }

 private:
  std::optional<Hdf5Mapping> file_;
  StoredUsers users_ = {kUsers};
};

void write(const std::filesystem::path& path, Source source) {
  Hdf5Writer file(path);
  file.texts("tasks/key", source.take<std::uint8_t>() % std::size_t{8}, [](auto /*task*/) { return "key"; });
  file.array("tasks/offset", source.numbers<std::int64_t>());
  file.array("tasks/field/one", source.numbers<std::uint32_t>());
  file.array("rows/entity", source.numbers<std::uint32_t>());
  file.array("rows/label", source.numbers<float>());
  file.array("rows/time", source.numbers<double>());
  file.array("rows/field/many/values", source.numbers<std::uint32_t>());
  file.array("rows/field/many/offsets", source.numbers<std::int64_t>());
  file.array("rows/field/dense", source.numbers<float>());
  file.array("rows/user", source.numbers<std::uint32_t>());
  file.close();
}

void require_that(bool holds) {
  if (!holds) std::abort();
}

void read_all(const Shard& shard) {
  for (std::size_t task = 0; task < shard.tasks(); ++task) {
    shard.key(task);
    require_that(shard.task_fields()[0].ids(task)[0] <= kVocabulary);
    const auto rows = shard.rows(task);
    for (std::size_t i = 0; i < rows.label.size(); ++i) {
      require_that(rows.entity[i] < kEntities && std::isfinite(rows.label[i]) && std::isfinite(rows.time[i]));
      for (const auto id : shard.row_fields()[0].ids(rows.first + i)) require_that(id <= kVocabulary);
      require_that(std::isfinite(shard.row_fields()[1].dense(rows.first + i)));
      require_that(shard.row_fields()[2].ids(rows.first + i)[0] <= kVocabulary);
    }
  }
}

}  // namespace
}  // namespace warmstart

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto path = std::filesystem::path("/dev/shm") / ("warmstart-shard-fuzz-" + std::to_string(getpid()));
  static const warmstart::Users users(path);
  warmstart::write(path, {data, size});
  try {
    warmstart::read_all(warmstart::Shard(path, warmstart::schema(), warmstart::kEntities, users.get()));
  } catch (const warmstart::Error&) {
  }
  std::filesystem::remove(path);
  return 0;
}
