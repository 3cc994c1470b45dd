#include "base/hdf5.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/regular_file.h"

namespace warmstart {

template <>
const H5::PredType& hdf5_type<float>() {
  return H5::PredType::NATIVE_FLOAT;
}
template <>
const H5::PredType& hdf5_type<double>() {
  return H5::PredType::NATIVE_DOUBLE;
}
template <>
const H5::PredType& hdf5_type<std::uint8_t>() {
  return H5::PredType::NATIVE_UINT8;
}
template <>
const H5::PredType& hdf5_type<std::uint32_t>() {
  return H5::PredType::NATIVE_UINT32;
}
template <>
const H5::PredType& hdf5_type<std::int64_t>() {
  return H5::PredType::NATIVE_INT64;
}

namespace {

constexpr std::size_t kPiece = 1 << 18;
constexpr hsize_t kAlignment = 64;

H5::LinkCreatPropList creating_parents() {
  H5::LinkCreatPropList list;
  list.setCreateIntermediateGroup(true);
  return list;
}

H5::DSetCreatPropList contiguous() {
  H5::DSetCreatPropList list;
  list.setLayout(H5D_CONTIGUOUS);
  list.setAllocTime(H5D_ALLOC_TIME_EARLY);
  list.setFillTime(H5D_FILL_TIME_NEVER);
  H5Pset_obj_track_times(list.getId(), false);  // a time stamp would make equal files differ
  return list;
}

// Written in pieces, so that a piece is still in the processor's cache when it has been digested.
class DigestedFile {
 public:
  explicit DigestedFile(const std::filesystem::path& path) : file_(path) {}

  void append(const void* data, std::size_t bytes) {
    const auto* next = static_cast<const std::byte*>(data);
    for (std::size_t done = 0; done < bytes; done += kPiece) append_piece(next + done, std::min(kPiece, bytes - done));
  }
  template <typename Fill>
  void append_filled(const Fill& fill, std::size_t bytes) {
    piece_.resize(kPiece);
    for (std::size_t done = 0; done < bytes; done += kPiece) {
      const auto piece = std::min(kPiece, bytes - done);
      fill(piece_.data(), piece);
      append_piece(piece_.data(), piece);
    }
  }
  // Returns the digest.
  std::string commit() {
    file_.commit();
    return digest_.text();
  }

 private:
  void append_piece(const std::byte* data, std::size_t bytes) {
    digest_.add(data, bytes);
    file_.write(data, bytes);
  }

  PendingFile file_;
  Digest digest_;
  std::vector<std::byte> piece_;
};

}  // namespace

Hdf5Writer::Hdf5Writer(const std::filesystem::path& path)
    : path_(path), memory_(memfd_create("warmstart-hdf5", MFD_CLOEXEC)) {
  if (memory_ < 0) throw_system_error("no memory to make it in", path);
  H5::Exception::dontPrint();
  H5::FileAccPropList access;
  // The default driver refuses names that are links, as those of open files are.
  H5Pset_fapl_stdio(access.getId());
  // Every array starts where a mapped reader can use it; HDF5 would pack small ones into odd places.
  access.setAlignment(1, kAlignment);
  H5Pset_small_data_block_size(access.getId(), 0);
  // The oldest format, whatever the library's default: the one that is read again.
  H5Pset_libver_bounds(access.getId(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
  file_ = H5::H5File(fmt::format("/proc/self/fd/{}", memory_), H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access);
}

Hdf5Writer::~Hdf5Writer() { ::close(memory_); }

H5::DataSet Hdf5Writer::create(const std::string& name, const H5::DataType& type, const std::vector<hsize_t>& shape) {
  const auto folders = static_cast<std::size_t>(std::count(name.begin(), name.end(), '/'));
  objects_ += 1 + folders;
  if (name.size() >= kLongestHdf5Path || folders >= kMostHdf5Depth || objects_ > kMostHdf5Objects)
    throw DataError(
        fmt::format("{}: an array's name is too long or holds too many '/', or there are too many arrays: "
                    "shorten the names of the columns",
                    path_.string()));
  const H5::DataSpace space(static_cast<int>(shape.size()), shape.data());
  const auto links = creating_parents();
  const auto layout = contiguous();
  const hid_t id =
      H5Dcreate2(file_.getId(), name.c_str(), type.getId(), space.getId(), links.getId(), layout.getId(), H5P_DEFAULT);
  if (id < 0) throw std::runtime_error(fmt::format("{}: HDF5 cannot create '{}'", path_.string(), name));
  H5::DataSet array(id);
  H5Idec_ref(id);  // DataSet took its own reference
  return array;
}

void Hdf5Writer::write(const std::string& name, const H5::DataType& type, const void* data,
                       const std::vector<hsize_t>& shape) {
  const auto array = create(name, type, shape);
  if (array.getSpace().getSimpleExtentNpoints() > 0) array.write(data, type);
}

void Hdf5Writer::borrow(const std::string& name, const H5::DataType& type, const void* data, std::size_t bytes,
                        const std::vector<hsize_t>& shape) {
  const auto array = create(name, type, shape);
  if (bytes > 0) elsewhere_[array.getOffset()] = {bytes, data, {}};
}

void Hdf5Writer::stream(const std::string& name, const H5::DataType& type, std::size_t bytes,
                        const std::vector<hsize_t>& shape, Fill fill) {
  const auto array = create(name, type, shape);
  if (bytes > 0) elsewhere_[array.getOffset()] = {bytes, nullptr, std::move(fill)};
}

void Hdf5Writer::texts(const std::string& name, std::size_t count, const TextOf& text_of) {
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < count; ++index) bytes += text_of(index).size();
  streamed_array<std::uint8_t>(name + "/bytes", bytes,
                               [text_of, text = std::size_t{0}, done = std::size_t{0}](auto piece) mutable {
                                 while (!piece.empty()) {
                                   const auto rest = text_of(text).substr(done);
                                   const auto taken = std::min(rest.size(), piece.size());
                                   std::copy_n(rest.begin(), taken, piece.begin());
                                   piece = piece.subspan(taken);
                                   const bool ends = taken == rest.size();
                                   text += ends;
                                   done = ends ? 0 : done + taken;
                                 }
                               });
  streamed_array<std::int64_t>(name + "/offsets", count + 1,
                               [text_of, text = std::size_t{0}, end = std::int64_t{0}](auto piece) mutable {
                                 for (auto& offset : piece) {
                                   if (text > 0) end += std::ssize(text_of(text - 1));
                                   offset = end;
                                   ++text;
                                 }
                               });
}

std::string Hdf5Writer::close() {
  file_.close();
  const auto bytes = static_cast<std::size_t>(lseek(memory_, 0, SEEK_END));
  const auto unmap = [bytes](std::byte* mapped) { munmap(mapped, bytes); };
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory_, 0);
  if (mapped == MAP_FAILED) throw_system_error("no memory to make it in", path_);
  const std::unique_ptr<std::byte, decltype(unmap)> image(static_cast<std::byte*>(mapped), unmap);

  DigestedFile file(path_);
  std::size_t place = 0;
  for (const auto& [offset, array] : elsewhere_) {
    file.append(image.get() + place, offset - place);
    array.fill ? file.append_filled(array.fill, array.bytes) : file.append(array.data, array.bytes);
    place = offset + array.bytes;
  }
  file.append(image.get() + place, bytes - place);
  return file.commit();
}

Hdf5Mapping::Hdf5Mapping(const std::filesystem::path& path) : path_(path) {
  const RegularFile file(path);
  bytes_ = file.bytes();
  if (bytes_ == 0) throw DataError(fmt::format("{}: is empty", path.string()));
  void* mapped = mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (mapped == MAP_FAILED) throw DataError(fmt::format("{}: cannot be mapped", path.string()));
  base_ = static_cast<const std::byte*>(mapped);
  try {
    arrays_ = arrays_in_hdf5({base_, bytes_});
  } catch (const DataError& error) {
    munmap(mapped, bytes_);
    throw DataError(fmt::format("{}: not a readable HDF5 file, perhaps truncated or not written by Warmstart ({})",
                                path.string(), error.what()));
  }
}

Hdf5Mapping::~Hdf5Mapping() { munmap(const_cast<std::byte*>(base_), bytes_); }

const Hdf5Array& Hdf5Mapping::find(const std::string& name, Hdf5Type type) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) throw DataError(fmt::format("{}: has no array '{}'", path_.string(), name));
  if (found->second.type != type)
    throw DataError(fmt::format("{}: array '{}' is of another type", path_.string(), name));
  return found->second;
}

std::size_t Hdf5Mapping::text_count(const std::string& name) const {
  if (is_padded(name)) return find(name, Hdf5Type::kText).elements;
  const auto offsets = array<std::int64_t>(name + "/offsets");
  if (offsets.empty()) throw DataError(fmt::format("{}: array '{}/offsets' is empty", path_.string(), name));
  return offsets.size() - 1;
}

std::string Hdf5Mapping::text(const std::string& name, std::size_t index) const {
  if (is_padded(name)) {
    const auto& padded = find(name, Hdf5Type::kText);
    const auto* start = reinterpret_cast<const char*>(base_ + padded.offset) + index * padded.width;
    return {start, strnlen(start, padded.width)};
  }
  const auto bytes = array<std::uint8_t>(name + "/bytes");
  const auto offsets = array<std::int64_t>(name + "/offsets");
  const auto start = offsets[index], end = offsets[index + 1];
  if (start < 0 || start > end || end > std::ssize(bytes))
    throw DataError(fmt::format("{}: array '{}/offsets' does not fit '{}/bytes'", path_.string(), name, name));
  return {reinterpret_cast<const char*>(bytes.data()) + start, static_cast<std::size_t>(end - start)};
}

std::vector<std::string> Hdf5Mapping::texts(const std::string& name) const {
  std::vector<std::string> values(text_count(name));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = text(name, i);
  return values;
}

std::vector<std::string> Hdf5Mapping::names() const {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays_) names.push_back(name);
  return names;
}

}  // namespace warmstart
