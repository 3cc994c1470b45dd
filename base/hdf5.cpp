#include "base/hdf5.h"

#include <fcntl.h>
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
  file_ = H5::H5File(fmt::format("/proc/self/fd/{}", memory_), H5F_ACC_TRUNC, H5::FileCreatPropList::DEFAULT, access);
}

Hdf5Writer::~Hdf5Writer() { ::close(memory_); }

H5::DataSet Hdf5Writer::create(const std::string& name, const H5::DataType& type, const std::vector<hsize_t>& shape) {
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
  if (bytes > 0) borrowed_[array.getOffset()] = {data, bytes};
}

void Hdf5Writer::texts(const std::string& name, const std::vector<std::string>& values) {
  std::size_t width = 1;
  for (const auto& value : values) width = std::max(width, value.size());
  std::string padded(width * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) values[i].copy(&padded[i * width], width);
  H5::StrType type(H5::PredType::C_S1, width);
  type.setStrpad(H5T_STR_NULLPAD);
  type.setCset(H5T_CSET_UTF8);
  write(name, type, padded.data(), {values.size()});
}

std::string Hdf5Writer::close() {
  file_.close();
  const auto bytes = static_cast<std::size_t>(lseek(memory_, 0, SEEK_END));
  const auto unmap = [bytes](std::byte* mapped) { munmap(mapped, bytes); };
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory_, 0);
  if (mapped == MAP_FAILED) throw_system_error("no memory to make it in", path_);
  const std::unique_ptr<std::byte, decltype(unmap)> image(static_cast<std::byte*>(mapped), unmap);

  PendingFile file(path_);
  Digest digest;
  const auto append = [&](const void* data, std::size_t size) {
    // In pieces, so that a piece is still in the processor's cache when it is written.
    const auto* next = static_cast<const std::byte*>(data);
    for (std::size_t done = 0; done < size; done += kPiece) {
      const auto piece = std::min(kPiece, size - done);
      digest.add(next + done, piece);
      file.write(next + done, piece);
    }
  };
  std::size_t place = 0;
  for (const auto& [offset, borrowed] : borrowed_) {
    append(image.get() + place, offset - place);
    append(borrowed.data, borrowed.bytes);
    place = offset + borrowed.bytes;
  }
  append(image.get() + place, bytes - place);
  file.commit();
  return digest.text();
}

Hdf5Mapping::Hdf5Mapping(const std::filesystem::path& path) : path_(path) {
  H5::Exception::dontPrint();
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw DataError(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  bytes_ = static_cast<std::size_t>(lseek(file, 0, SEEK_END));
  void* mapped = bytes_ > 0 ? mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  if (mapped == MAP_FAILED) throw DataError(fmt::format("{}: is empty or cannot be mapped", path.string()));
  base_ = static_cast<const std::byte*>(mapped);
  try {
    add_arrays(H5::H5File(path.string(), H5F_ACC_RDONLY).openGroup("/"), "");
  } catch (const H5::Exception& error) {
    munmap(mapped, bytes_);
    throw DataError(
        fmt::format("{}: not a readable HDF5 file, perhaps truncated ({})", path.string(), error.getDetailMsg()));
  } catch (...) {
    munmap(mapped, bytes_);
    throw;
  }
}

Hdf5Mapping::~Hdf5Mapping() { munmap(const_cast<std::byte*>(base_), bytes_); }

void Hdf5Mapping::add_arrays(const H5::Group& group, const std::string& prefix) {
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) {
    const auto name = group.getObjnameByIdx(i);
    if (group.getObjTypeByIdx(i) == H5G_GROUP) {
      add_arrays(group.openGroup(name), prefix + name + "/");
      continue;
    }
    const auto array = group.openDataSet(name);
    const auto space = array.getSpace();
    std::vector<hsize_t> shape(static_cast<std::size_t>(space.getSimpleExtentNdims()));
    if (!shape.empty()) space.getSimpleExtentDims(shape.data());
    const auto elements = static_cast<std::size_t>(space.getSimpleExtentNpoints());
    // An array without elements has no place in the file.
    const std::size_t offset = elements > 0 ? array.getOffset() : 0;
    if (offset + elements * array.getDataType().getSize() > bytes_) {
      throw DataError(
          fmt::format("{}: array '{}{}' ends beyond the file, which is truncated", path_.string(), prefix, name));
    }
    arrays_[prefix + name] = {array.getDataType(), shape, elements, base_ + offset};
  }
}

const Hdf5Mapping::Array& Hdf5Mapping::find(const std::string& name, const H5::DataType& type) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) throw DataError(fmt::format("{}: has no array '{}'", path_.string(), name));
  if (!(found->second.type == type))
    throw DataError(fmt::format("{}: array '{}' is of another type", path_.string(), name));
  if (reinterpret_cast<std::uintptr_t>(found->second.data) % type.getSize() != 0) {
    throw DataError(
        fmt::format("{}: array '{}' is not aligned for mapping; write the file with Warmstart", path_.string(), name));
  }
  return found->second;
}

const Hdf5Mapping::Array& Hdf5Mapping::find_texts(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end() || found->second.type.getClass() != H5T_STRING) {
    throw DataError(fmt::format("{}: has no array of texts '{}'", path_.string(), name));
  }
  return found->second;
}

std::vector<hsize_t> Hdf5Mapping::shape(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) throw DataError(fmt::format("{}: has no array '{}'", path_.string(), name));
  return found->second.shape;
}

std::string Hdf5Mapping::text(const std::string& name, std::size_t index) const {
  const auto& array = find_texts(name);
  const auto width = array.type.getSize();
  const auto* start = reinterpret_cast<const char*>(array.data) + index * width;
  return {start, strnlen(start, width)};
}

std::vector<std::string> Hdf5Mapping::texts(const std::string& name) const {
  std::vector<std::string> values(find_texts(name).elements);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = text(name, i);
  return values;
}

}  // namespace warmstart
