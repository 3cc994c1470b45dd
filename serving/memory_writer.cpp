#include "serving/memory_writer.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "base/errors.h"
#include "base/files.h"
#include "base/lock.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 28;     // of a memory: a GiB
constexpr std::int64_t kNumbersOfGroup = std::int64_t{1} << 21;  // in a row group, about: 8 MiB
constexpr std::int64_t kMostRowsOfGroup = 16384;
constexpr double kMicroseconds = 1e6;  // a second
constexpr double kMostMicroseconds = 9.2e18;

// A PendingFile as Parquet's library writes to it.  What the disk says is kept, since that library would replace it.
class PendingStream : public arrow::io::OutputStream {
 public:
  explicit PendingStream(PendingFile& file) : file_(file) {}

  arrow::Status Write(const void* data,
                      std::int64_t bytes) override {  // NOLINT(readability-identifier-naming): Arrow's
    try {
      file_.write(data, static_cast<std::size_t>(bytes));
    } catch (const std::exception& error) {
      failure_ = std::current_exception();
      return arrow::Status::IOError(error.what());
    }
    written_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {  // NOLINT(readability-identifier-naming): Arrow's
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return written_; }  // NOLINT(readability-identifier-naming)
  bool closed() const override { return closed_; }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  PendingFile& file_;
  std::int64_t written_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
};

std::shared_ptr<arrow::Schema> columns_of(const MemoryFormat& format) {
  for (const auto* own : {kTimeColumn, kModelColumn, kVersionColumn, kRowsColumn, kMemoryColumn})
    if (format.task == own)
      throw DataError(
          fmt::format("tasks are '{}', which is another column of a file of memories: name the column "
                      "of the tasks otherwise and ingest again",
                      own));
  const auto metadata = arrow::key_value_metadata(
      {kModelKey, kVersionKey, kDigestKey, kLayoutKey},
      {format.maker.model, format.maker.version, format.maker.digest, format.layout.json().dump()});
  return arrow::schema(
      {arrow::field(format.task, arrow::utf8(), false),
       arrow::field(kTimeColumn, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
       arrow::field(kModelColumn, arrow::utf8(), false), arrow::field(kVersionColumn, arrow::utf8(), false),
       arrow::field(kRowsColumn, arrow::int32(), false),
       arrow::field(kMemoryColumn, arrow::list(arrow::field("element", arrow::float32(), false)), false)},
      metadata);
}

std::int64_t rows_of_group(const MemoryLayout& layout) {
  if (layout.length() > kMostNumbers)
    throw DataError(
        fmt::format("a memory of {} support rows would have {} numbers, at most {} are stored: export the "
                    "model with a lower export.max-support",
                    layout.most_support(), layout.length(), kMostNumbers));
  return std::clamp<std::int64_t>(kNumbersOfGroup / std::max<std::int64_t>(layout.length(), 1), 1, kMostRowsOfGroup);
}

// What a killed program was writing; whoever calls this holds the lock.
void remove_leftovers(const std::filesystem::path& path) {
  const auto start = path.filename().string() + ".", end = std::string(".tmp");
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::absolute(path).parent_path(), ignored)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(start) || !name.ends_with(end) || name.size() <= start.size() + end.size()) continue;
    const auto number = name.substr(start.size(), name.size() - start.size() - end.size());
    if (number.find_first_not_of("0123456789-") == std::string::npos) std::filesystem::remove(entry.path(), ignored);
  }
}

std::unique_ptr<Lock> locked(const std::filesystem::path& path) {
  auto lock = std::make_unique<Lock>(path.string() + ".lock", fmt::format("{} is being written by", path.string()),
                                     "wait for it, or name another file");
  remove_leftovers(path);
  return lock;
}

std::shared_ptr<parquet::WriterProperties> properties() {
  const auto numbers = fmt::format("{}.list.element", kMemoryColumn);
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::SNAPPY);
  builder.disable_dictionary(numbers);
  builder.disable_statistics(numbers);
  return builder.build();
}

}  // namespace

class MemoryWriter::Table {
 public:
  Table(const std::filesystem::path& path, const MemoryFormat& format)
      : maker_(format.maker),
        length_(format.layout.length()),
        group_(rows_of_group(format.layout)),
        columns_(columns_of(format)),
        lock_(locked(path)),
        file_(path),
        stream_(std::make_shared<PendingStream>(file_)) {
    written([&] {
      const auto arrow_too = parquet::ArrowWriterProperties::Builder().store_schema()->build();
      return parquet::arrow::FileWriter::Open(*columns_, arrow::default_memory_pool(), stream_, properties(), arrow_too)
          .Value(&writer_);
    });
  }

  void add(const KeptMemory& memory) {
    if (!is_utf8(memory.key)) throw DataError(fmt::format("the key '{}' is not UTF-8", printable(memory.key)));
    written([&] { return append(memory); });
    if (keys_.length() == group_) flush();
  }

  void commit() {
    if (keys_.length() > 0) flush();
    written([&] { return writer_->Close(); });
    file_.commit();
  }

  std::int64_t without_time() const { return without_time_; }

 private:
  // Runs what writes; its failure is the disk's, or of the memory of this machine.
  template <typename Write>
  void written(const Write& write) {
    std::string what;
    try {
      const auto status = write();
      if (status.ok()) return;
      what = status.message();
    } catch (const std::exception& error) {
      what = error.what();
    }
    stream_->rethrow();
    throw EnvironmentError(fmt::format("memories cannot be written as Parquet: {}", printable(what, 300)));
  }

  arrow::Status append(const KeptMemory& memory) {
    ARROW_RETURN_NOT_OK(keys_.Append(memory.key));
    ARROW_RETURN_NOT_OK(append_time(memory.time));
    ARROW_RETURN_NOT_OK(models_.Append(maker_.model));
    ARROW_RETURN_NOT_OK(versions_.Append(maker_.version));
    ARROW_RETURN_NOT_OK(rows_.Append(static_cast<std::int32_t>(memory.rows)));
    ARROW_RETURN_NOT_OK(memories_.Append());
    return numbers_->AppendValues(memory.numbers.data(), length_);
  }

  arrow::Status append_time(std::optional<double> seconds) {
    if (!seconds) return times_.AppendNull();
    const double microseconds = *seconds * kMicroseconds;
    if (std::abs(microseconds) < kMostMicroseconds) return times_.Append(std::llround(microseconds));
    ++without_time_;
    return times_.AppendNull();
  }

  void flush() {
    written([&]() -> arrow::Status {
      arrow::ArrayVector arrays(static_cast<std::size_t>(columns_->num_fields()));
      const std::vector<arrow::ArrayBuilder*> builders = {&keys_, &times_, &models_, &versions_, &rows_, &memories_};
      const auto rows = keys_.length();
      for (std::size_t i = 0; i < builders.size(); ++i) ARROW_RETURN_NOT_OK(builders[i]->Finish(&arrays[i]));
      return writer_->WriteTable(*arrow::Table::Make(columns_, arrays, rows), rows);
    });
  }

  MemoryMaker maker_;
  std::int64_t length_, group_, without_time_ = 0;
  std::shared_ptr<arrow::Schema> columns_;
  std::unique_ptr<Lock> lock_;
  PendingFile file_;
  std::shared_ptr<PendingStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;

  arrow::StringBuilder keys_, models_, versions_;
  arrow::TimestampBuilder times_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool()};
  arrow::Int32Builder rows_;
  std::shared_ptr<arrow::FloatBuilder> numbers_ = std::make_shared<arrow::FloatBuilder>();
  arrow::ListBuilder memories_{arrow::default_memory_pool(), numbers_,
                               arrow::list(arrow::field("element", arrow::float32(), false))};
};

MemoryWriter::MemoryWriter(const std::filesystem::path& path, const MemoryFormat& format)
    : table_(std::make_unique<Table>(path, format)) {}
MemoryWriter::~MemoryWriter() = default;

void MemoryWriter::add(const KeptMemory& memory) { table_->add(memory); }
void MemoryWriter::commit() { table_->commit(); }
std::int64_t MemoryWriter::without_time() const { return table_->without_time(); }

}  // namespace warmstart
