#include "data/text_input.h"

#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

// By its first bytes, which reading then starts with all the same.
std::optional<arrow::Compression::type> compression_of(const RegularFile& file) {
  char first[4] = {};
  const auto count = pread(file.descriptor(), first, sizeof first, 0);
  const std::string_view start(first, count > 0 ? static_cast<std::size_t>(count) : 0);
  if (start.starts_with("\x1f\x8b")) return arrow::Compression::GZIP;
  if (start.starts_with("\x28\xb5\x2f\xfd")) return arrow::Compression::ZSTD;
  return std::nullopt;
}

template <typename T>
T unpacked(const std::string& file, arrow::Result<T> result) {
  if (!result.ok())
    throw DataError(fmt::format("{}: cannot be unpacked, so it is damaged or cut: {}; compress it anew", file,
                                printable(result.status().message(), 200)));
  return std::move(result).ValueUnsafe();
}

std::function<std::size_t(char*, std::size_t)> unpacking(const std::string& file, arrow::Compression::type compression,
                                                         const std::shared_ptr<arrow::io::ReadableFile>& packed) {
  const auto codec = unpacked(file, arrow::util::Codec::Create(compression));
  const auto stream = unpacked(file, arrow::io::CompressedInputStream::Make(codec.get(), packed));
  return [file, stream](char* to, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      const auto count = unpacked(file, stream->Read(static_cast<std::int64_t>(size - done), to + done));
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  };
}

}  // namespace

TextInput::TextInput(const std::string& file) : file_(file), plain_(file) {
  const auto compression = compression_of(plain_);
  if (compression) {
    packed_ = unpacked(file, arrow::io::ReadableFile::Open(file));
    read_stream_ = unpacking(file, *compression, packed_);
  } else {
    read_stream_ = [this](char* to, std::size_t size) { return plain_.read(to, size); };
  }
  read_start();
}

void TextInput::read_start() {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  start_.resize(4);
  start_.resize(read_stream_(start_.data(), start_.size()));
  if (is_compressed() && start_ == "PAR1")
    throw DataError(
        fmt::format("{}: is a compressed Parquet file; unpack it, since Parquet is compressed in itself", file_));
  has_mark_ = start_.starts_with(kByteOrderMark);
  if (has_mark_) start_.erase(0, kByteOrderMark.size());
}

std::int64_t TextInput::position() const {
  return packed_ ? unpacked(file_, packed_->Tell())
                 : static_cast<std::int64_t>(lseek(plain_.descriptor(), 0, SEEK_CUR));
}

void TextInput::seek(std::int64_t byte) {
  start_.clear();
  plain_.seek(byte);
}

std::size_t TextInput::read(char* to, std::size_t size) {
  const auto from_start = std::min(size, start_.size());
  std::copy_n(start_.data(), from_start, to);
  start_.erase(0, from_start);
  return from_start + read_stream_(to + from_start, size - from_start);
}

}  // namespace warmstart
