#pragma once

#include <arrow/io/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/regular_file.h"

namespace warmstart {

// The bytes of a text file behind its byte-order mark.  What its first bytes say is compressed, with gzip or Zstandard,
// is unpacked as it is read.
class TextInput {
 public:
  // Throws DataError when it cannot be read, or holds no text but a compressed Parquet file.
  explicit TextInput(const std::string& file);

  // Up to `size` of the next bytes; fewer only at the end.  Throws DataError where compressed data are damaged or cut.
  std::size_t read(char* to, std::size_t size);

  // Whether it starts with UTF-8's byte-order mark.
  bool has_mark() const { return has_mark_; }

  // In the file, compressed as it is, behind what was read.
  std::int64_t position() const;

  bool is_compressed() const { return packed_ != nullptr; }
  // Goes to a byte of the file, which is not compressed.
  void seek(std::int64_t byte);

 private:
  void read_start();

  std::string file_;
  RegularFile plain_;
  std::shared_ptr<arrow::io::ReadableFile> packed_;             // where it is compressed
  std::function<std::size_t(char*, std::size_t)> read_stream_;  // read() without `start_`
  std::string start_;                                           // of the text, which was read to look for the mark
  bool has_mark_ = false;
};

}  // namespace warmstart
