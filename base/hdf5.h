// HDF5 arrays, written contiguous and uncompressed so that a reader can map them.

#pragma once

#include <H5Cpp.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/hdf5_structure.h"

namespace warmstart {

template <typename T>
const H5::PredType& hdf5_type();
template <>
const H5::PredType& hdf5_type<float>();
template <>
const H5::PredType& hdf5_type<double>();
template <>
const H5::PredType& hdf5_type<std::uint8_t>();
template <>
const H5::PredType& hdf5_type<std::uint32_t>();
template <>
const H5::PredType& hdf5_type<std::int64_t>();

// Writes one HDF5 file.  Names may hold folders ("rows/label").  Same arrays,
// same bytes.  The file is made in memory and appears on disk, complete, at close():
// HDF5's own writing does not survive a full disk.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& path);
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  // An empty shape is a scalar's.  Throws DataError for a name that Hdf5Mapping would refuse.
  template <typename T>
  void array(const std::string& name, std::span<const T> values, const std::vector<hsize_t>& shape) {
    write(name, hdf5_type<T>(), values.data(), shape);
  }
  // Without a copy in memory: `values` must live until close().
  template <typename T>
  void borrowed_array(const std::string& name, std::span<const T> values, const std::vector<hsize_t>& shape) {
    borrow(name, hdf5_type<T>(), values.data(), values.size_bytes(), shape);
  }
  template <typename T>
  void array(const std::string& name, const std::vector<T>& values) {
    array(name, std::span<const T>(values), {values.size()});
  }
  // Without a copy: it keeps them until close().
  template <typename T>
  void array(const std::string& name, std::vector<T>&& values) {
    const auto kept = std::make_shared<std::vector<T>>(std::move(values));
    kept_.push_back(kept);
    borrowed_array(name, std::span<const T>(*kept), {kept->size()});
  }

  // Without holding them: while close() writes the array, `next` fills each piece of it with the values that follow.
  template <typename T>
  void streamed_array(const std::string& name, std::size_t count, std::function<void(std::span<T> piece)> next) {
    stream(name, hdf5_type<T>(), count * sizeof(T), {count},
           [next = std::move(next)](std::byte* piece, std::size_t bytes) {
             next({reinterpret_cast<T*>(piece), bytes / sizeof(T)});
           });
  }

  // Two arrays, `<name>/bytes` uint8, the texts one behind the other, and `<name>/offsets` int64 [count + 1]: text i is
  // bytes offsets[i] to offsets[i + 1].  `text_of` is asked now and until close().
  using TextOf = std::function<std::string_view(std::size_t index)>;
  void texts(const std::string& name, std::size_t count, const TextOf& text_of);

  // Call last.  Returns the digest of the file as it was meant to be.  Throws EnvironmentError when the disk refuses.
  std::string close();

 private:
  using Fill = std::function<void(std::byte* piece, std::size_t bytes)>;
  // An array that is written from elsewhere: from `data`, or by `fill`, piece by piece.
  struct Elsewhere {
    std::size_t bytes;
    const void* data;
    Fill fill;
  };
  H5::DataSet create(const std::string& name, const H5::DataType& type, const std::vector<hsize_t>& shape);
  void write(const std::string& name, const H5::DataType& type, const void* data, const std::vector<hsize_t>& shape);
  void borrow(const std::string& name, const H5::DataType& type, const void* data, std::size_t bytes,
              const std::vector<hsize_t>& shape);
  void stream(const std::string& name, const H5::DataType& type, std::size_t bytes, const std::vector<hsize_t>& shape,
              Fill fill);

  std::filesystem::path path_;
  int memory_;  // an unnamed file in memory that HDF5 writes to
  H5::H5File file_;
  std::size_t objects_ = 0;                     // at most: folders are counted once for each array in them
  std::map<std::size_t, Elsewhere> elsewhere_;  // by their place in the file, where memory_ has holes
  std::vector<std::shared_ptr<const void>> kept_;
};

// Reads one regular HDF5 file by mapping it into memory; see hdf5_structure.h.  Throws DataError naming the
// file when it is missing, malformed, truncated, written by another program, or lacks an array of the asked type.
// Thread-safe once constructed.  Who may write to the file may end the process: the kernel signals SIGBUS when a mapped
// file is cut short.
class Hdf5Mapping {
 public:
  explicit Hdf5Mapping(const std::filesystem::path& path);
  ~Hdf5Mapping();
  Hdf5Mapping(const Hdf5Mapping&) = delete;
  Hdf5Mapping& operator=(const Hdf5Mapping&) = delete;

  // Valid as long as the mapping lives.
  template <typename T>
  std::span<const T> array(const std::string& name) const {
    const auto& found = find(name, type_of<T>());
    return {reinterpret_cast<const T*>(base_ + found.offset), found.elements};
  }
  // As Hdf5Writer::texts() writes them, or as one array of texts that are padded to the longest.
  std::size_t text_count(const std::string& name) const;
  std::vector<std::string> texts(const std::string& name) const;
  std::string text(const std::string& name, std::size_t index) const;  // index < text_count(name)

  std::vector<std::string> names() const;

 private:
  template <typename T>
  static constexpr Hdf5Type type_of() {
    if constexpr (std::is_same_v<T, float>) return Hdf5Type::kFloat32;
    if constexpr (std::is_same_v<T, double>) return Hdf5Type::kFloat64;
    if constexpr (std::is_same_v<T, std::uint8_t>) return Hdf5Type::kUint8;
    if constexpr (std::is_same_v<T, std::uint32_t>) return Hdf5Type::kUint32;
    if constexpr (std::is_same_v<T, std::int64_t>) return Hdf5Type::kInt64;
  }
  const Hdf5Array& find(const std::string& name, Hdf5Type type) const;
  bool is_padded(const std::string& name) const { return arrays_.contains(name); }

  std::filesystem::path path_;
  std::size_t bytes_ = 0;
  const std::byte* base_ = nullptr;
  std::map<std::string, Hdf5Array> arrays_;
};

}  // namespace warmstart
