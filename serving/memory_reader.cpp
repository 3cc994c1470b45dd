#include "serving/memory_reader.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "base/regular_file.h"
#include "base/text.h"

namespace warmstart {
namespace {

// Arrow asks for as much as a file says that it holds.
constexpr std::int64_t kMostParquetBytes = std::int64_t{4} << 30;

const arrow::FloatArray& numbers_of(const arrow::ListArray& memories) {
  return static_cast<const arrow::FloatArray&>(*memories.values());
}

}  // namespace

class MemoryReader::Table {
  // The result of Parquet's library; its type is known to what stands behind it.
  template <typename Call>
  auto read(const Call& call) const {
    std::string what;
    try {
      auto result = call();
      if (result.ok()) return std::move(result).ValueUnsafe();
      what = result.status().message();
    } catch (const std::exception& error) {
      what = error.what();
    }
    fail(fmt::format("cannot be read as Parquet: {}", printable(what, 300)));
  }

  [[noreturn]] void fail(const std::string& what) const { throw DataError(fmt::format("{}: {}", path_, what)); }

 public:
  Table(const std::filesystem::path& path, const MemoryFormat& format)
      : path_(path.string()), format_(format), pool_(arrow::default_memory_pool(), kMostParquetBytes) {
    const RegularFile regular(path);  // refuses pipes and folders
    const auto input = read([&] { return arrow::io::ReadableFile::Open(path_); });
    file_ = read([&] { return parquet::arrow::OpenFile(input, &pool_); });
    check_maker();
    for (const auto& name : {format_.task, std::string(kModelColumn), std::string(kVersionColumn),
                             std::string(kRowsColumn), std::string(kMemoryColumn)})
      leaves_.push_back(leaf_of(name));
  }

  int groups() const { return file_->num_row_groups(); }

  std::vector<KeptMemory> group(int number) const {
    const auto table = columns(number, leaves_);
    const auto keys = text(*table, format_.task), models = text(*table, kModelColumn),
               versions = text(*table, kVersionColumn);
    const auto rows = whole<arrow::Int64Array>(*table, kRowsColumn, arrow::int64());
    const auto memories = lists(*table);
    std::vector<KeptMemory> kept;
    kept.reserve(static_cast<std::size_t>(table->num_rows()));
    for (std::int64_t i = 0; i < table->num_rows(); ++i) {
      const auto key = keys->GetString(i);
      if (models->GetView(i) != format_.maker.model || versions->GetView(i) != format_.maker.version)
        refuse_maker(fmt::format("the memory of {}", named(key)), models->GetString(i), versions->GetString(i));
      kept.push_back({key, {}, rows_of(key, rows->Value(i)), numbers(key, *memories, i)});
    }
    return kept;
  }

  KeptMemory find(const std::string& key) const {
    int found = -1;
    for (int number = 0; number < groups(); ++number) {
      const auto keys = text(*columns(number, {leaves_[0]}), format_.task);
      for (std::int64_t i = 0; i < keys->length(); ++i) {
        if (keys->GetView(i) != key) continue;
        if (found >= 0) fail(fmt::format("has {} twice", named(key)));
        found = number;
      }
    }
    if (found < 0) fail(fmt::format("has no {}", named(key)));
    auto memories = group(found);
    return std::move(*std::find_if(memories.begin(), memories.end(), [&](const auto& one) { return one.key == key; }));
  }

 private:
  [[noreturn]] void refuse_maker(const std::string& what, const std::string& model, const std::string& version) const {
    const auto& maker = format_.maker;
    fail(
        fmt::format("{} was made by {} version {}, this is {} version {}: make memories anew with: warmstart export "
                    "--memories {} --model MODELS/{} --run RUN",
                    what, printable(model), printable(version), maker.model, maker.version, path_, maker.model));
  }

  std::string named(const std::string& key) const { return fmt::format("{} '{}'", format_.task, printable(key)); }

  // All rows of a file have one maker, whom its metadata name.
  void check_maker() const {
    const auto metadata = file_->parquet_reader()->metadata()->key_value_metadata();
    const auto value = [&](const char* key) {
      const auto place = metadata ? metadata->FindKey(key) : -1;
      if (place < 0)
        fail(fmt::format("its metadata have no '{}': it is not what warmstart export --memories wrote", key));
      return metadata->value(place);
    };
    const auto model = value(kModelKey), version = value(kVersionKey);
    if (model != format_.maker.model || version != format_.maker.version) refuse_maker("what is in it", model, version);
    if (value(kDigestKey) != format_.maker.digest)
      fail(fmt::format(
          "was made by another model that was called {} version {}, too: make memories anew with: warmstart "
          "export --memories {} --model MODELS/{} --run RUN",
          model, version, path_, model));
  }

  // Where a column stands among the leaves of the file's tree.
  int leaf_of(const std::string& name) const {
    const parquet::arrow::SchemaField* found = nullptr;
    for (const auto& field : file_->manifest().schema_fields) {
      if (field.field->name() != name) continue;
      if (found) fail(fmt::format("has two columns '{}'", name));
      found = &field;
    }
    if (!found) fail(fmt::format("has no column '{}'", name));
    if (name != kMemoryColumn && found->is_leaf()) return found->column_index;
    const auto& type = *found->field->type();
    const bool is_list = type.id() == arrow::Type::LIST &&
                         static_cast<const arrow::ListType&>(type).value_type()->id() == arrow::Type::FLOAT;
    if (name != kMemoryColumn || !is_list)
      fail(fmt::format("column '{}' is of type {}{}", name, printable(type.ToString()),
                       name == kMemoryColumn ? ", not list<float>" : ", which holds others"));
    return found->children.at(0).column_index;
  }

  std::shared_ptr<arrow::Table> columns(int number, const std::vector<int>& leaves) const {
    return read([&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
      ARROW_ASSIGN_OR_RAISE(const auto table, file_->ReadRowGroup(number, leaves));
      return table->CombineChunks(&pool_);
    });
  }

  // A column without nulls, as `type`.
  template <typename Array>
  std::shared_ptr<Array> whole(const arrow::Table& table, const std::string& name,
                               const std::shared_ptr<arrow::DataType>& type) const {
    const auto column = table.GetColumnByName(name);
    const auto array = read([&]() -> arrow::Result<std::shared_ptr<arrow::Array>> {
      if (!column) return arrow::Status::Invalid("no column ", name);
      if (column->num_chunks() == 0) return arrow::MakeEmptyArray(type, &pool_);
      return arrow::compute::Cast(*column->chunk(0), type);
    });
    if (array->null_count() > 0) fail(fmt::format("column '{}' lacks {} values", name, array->null_count()));
    return std::static_pointer_cast<Array>(array);
  }

  std::shared_ptr<arrow::StringArray> text(const arrow::Table& table, const std::string& name) const {
    return whole<arrow::StringArray>(table, name, arrow::utf8());
  }

  std::shared_ptr<arrow::ListArray> lists(const arrow::Table& table) const {
    auto memories = whole<arrow::ListArray>(table, kMemoryColumn, table.GetColumnByName(kMemoryColumn)->type());
    if (memories->values()->null_count() > 0) fail(fmt::format("column '{}' lacks numbers", kMemoryColumn));
    return memories;
  }

  std::int64_t rows_of(const std::string& key, std::int64_t rows) const {
    if (rows < 0 || rows > format_.layout.most_support())
      fail(fmt::format("the memory of {} is of {} support rows; the model takes 0 to {}", named(key), rows,
                       format_.layout.most_support()));
    return rows;
  }

  std::vector<float> numbers(const std::string& key, const arrow::ListArray& memories, std::int64_t row) const {
    if (memories.value_length(row) != format_.layout.length())
      fail(fmt::format("the memory of {} has {} numbers, where {} version {} keeps {}", named(key),
                       memories.value_length(row), format_.maker.model, format_.maker.version,
                       format_.layout.length()));
    const auto* first = numbers_of(memories).raw_values() + memories.value_offset(row);
    std::vector<float> numbers(first, first + memories.value_length(row));
    if (!std::all_of(numbers.begin(), numbers.end(), [](float number) { return std::isfinite(number); }))
      fail(fmt::format("the memory of {} holds a number that is not finite", named(key)));
    return numbers;
  }

  std::string path_;
  MemoryFormat format_;
  mutable arrow::CappedMemoryPool pool_;
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::vector<int> leaves_;
};

MemoryReader::MemoryReader(const std::filesystem::path& path, const MemoryFormat& format)
    : table_(std::make_unique<Table>(path, format)) {}
MemoryReader::~MemoryReader() = default;

int MemoryReader::groups() const { return table_->groups(); }
std::vector<KeptMemory> MemoryReader::group(int number) const { return table_->group(number); }
KeptMemory MemoryReader::find(const std::string& key) const { return table_->find(key); }

}  // namespace warmstart
