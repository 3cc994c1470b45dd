// Where the arrays of an HDF5 file lie, for files as Hdf5Writer makes them.
//
// HDF5's own library crashes, or never returns, on files that are malformed on purpose, so no file is given to it to
// read.  This reads the part of "HDF5 File Format Specification, Version 3.0" that Hdf5Writer uses: superblock 0;
// groups as version 1 B-trees of symbol nodes with a local heap of names; object headers of version 1 in one piece;
// contiguous arrays of six types, little-endian.  Everything else is refused: continued headers, attributes, filters,
// chunks, links, shared messages, any other version.
//
// Each offset, size and count is checked against the file before use; a structure is visited once, so nothing
// can refer to itself; and no more than kMost... of anything is looked at.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace warmstart {

enum class Hdf5Type { kFloat32, kFloat64, kUint8, kUint32, kInt64, kText };

struct Hdf5Array {
  Hdf5Type type;
  std::size_t width;  // bytes of an element
  std::vector<std::uint64_t> shape;
  std::size_t elements;
  std::size_t offset;  // of the first element in the file, a multiple of `width` unless texts; 0 where there are none
};

// A group more than that deep, an array more, or a longer path is neither read nor written.
constexpr std::size_t kMostHdf5Depth = 32, kMostHdf5Objects = 1 << 16, kLongestHdf5Path = 1 << 14;

// The arrays by their path ("rows/label").  Throws DataError saying what is wrong; the caller names the file.
std::map<std::string, Hdf5Array> arrays_in_hdf5(std::span<const std::byte> file);

}  // namespace warmstart
