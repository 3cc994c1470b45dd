// Arrays of one type each, one behind the other in a temporary file, which are read in the order they were written in.

#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

#include "base/digest.h"

namespace warmstart {

class ArrayFileWriter {
 public:
  // Throws EnvironmentError when it cannot be made.
  explicit ArrayFileWriter(std::filesystem::path path);

  template <typename T, typename Allocator>
  void add(const std::vector<T, Allocator>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::uint64_t bytes = values.size() * sizeof(T);
    write(&bytes, sizeof bytes);
    write(values.data(), bytes);
  }
  void add_texts(const std::vector<std::string>& texts);

  // Call last.  Throws EnvironmentError when the disk refused anything.
  void close();

 private:
  void write(const void* data, std::size_t bytes);

  std::filesystem::path path_;
  std::ofstream file_;
  Digest digest_;
};

class ArrayFileReader {
 public:
  // All of it is read, and held against the digest that ends it.  Throws DataError where they differ.
  explicit ArrayFileReader(const std::filesystem::path& path);

  bool any() const { return next_ + kDigestBytes < contents_.size(); }
  template <typename T>
  std::vector<T> take() {
    std::vector<T> values;
    take(values);
    return values;
  }
  template <typename T, typename Allocator>
  void take(std::vector<T, Allocator>& values) {
    std::uint64_t bytes = 0;
    read(&bytes, sizeof bytes);
    values.resize(bytes / sizeof(T));
    read(values.data(), bytes);
  }
  std::vector<std::string> take_texts();

 private:
  static constexpr std::size_t kDigestBytes = 32;
  void read(void* to, std::size_t bytes);

  std::string contents_;
  std::size_t next_ = 0;
};

}  // namespace warmstart
