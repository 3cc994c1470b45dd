#include "data/array_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {

ArrayFileWriter::ArrayFileWriter(std::filesystem::path path) : path_(std::move(path)), file_(path_, std::ios::binary) {
  if (!file_) throw_system_error("cannot create", path_);
}

void ArrayFileWriter::add_texts(const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> lengths;
  std::vector<char> bytes;
  lengths.reserve(texts.size());
  for (const auto& text : texts) {
    lengths.push_back(static_cast<std::uint32_t>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  add(lengths);
  add(bytes);
}

void ArrayFileWriter::write(const void* data, std::size_t bytes) {
  if (bytes == 0) return;
  digest_.add(data, bytes);
  if (!file_.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes)))
    throw_system_error("cannot write", path_);
}

void ArrayFileWriter::close() {
  const auto digest = digest_.text();
  file_.write(digest.data(), static_cast<std::streamsize>(digest.size()));
  file_.close();
  if (!file_) throw_system_error("cannot write", path_);
}

ArrayFileReader::ArrayFileReader(const std::filesystem::path& path) : contents_(read_file(path)) {
  const auto bytes = contents_.size() - std::min(contents_.size(), kDigestBytes);
  if (digest(contents_.data(), bytes) == std::string_view(contents_).substr(bytes)) return;
  throw DataError(
      fmt::format("{}: a temporary file was changed while the tables were read; ingest them again", path.string()));
}

std::vector<std::string> ArrayFileReader::take_texts() {
  const auto lengths = take<std::uint32_t>();
  const auto bytes = take<char>();
  std::vector<std::string> texts;
  texts.reserve(lengths.size());
  const auto* next = bytes.data();
  for (const auto length : lengths) {
    texts.emplace_back(next, length);
    next += length;
  }
  return texts;
}

// What the digest holds for was written in this order.
void ArrayFileReader::read(void* to, std::size_t bytes) {
  if (bytes > 0) std::memcpy(to, contents_.data() + next_, bytes);
  next_ += bytes;
}

}  // namespace warmstart
