// Any bytes as an HDF5 file: arrays that are found lie within it.

#include <cstdint>
#include <span>

#include "base/errors.h"
#include "base/hdf5_structure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    static volatile unsigned sum = 0;
    for (const auto& [name, array] : warmstart::arrays_in_hdf5(std::as_bytes(std::span(data, size)))) {
      for (std::size_t i = 0; i < array.elements * array.width; ++i) sum = sum + data[array.offset + i];
    }
  } catch (const warmstart::Error&) {
  }
  return 0;
}
