#include "checkpoints/zeroed_rows.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/errors.h"
#include "base/file_memory.h"

namespace warmstart {
namespace {

[[noreturn]] void refuse(const std::string& where, double bytes, int error) {
  throw EnvironmentError(fmt::format(
      "{}: no room for the {:.4g} MB of a table's rows on this rank: {}; free some, choose another tables.spill, or "
      "lower tables.most-rows or model.embedding",
      where, bytes / 1e6, std::strerror(error)));
}

void* map_memory(std::size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  auto* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (memory == MAP_FAILED) refuse("memory", static_cast<double>(bytes), errno);
  return memory;
}

void* map_file(const std::filesystem::path& folder, std::size_t bytes) {
  try {
    auto* memory = map_file_without_name(folder, bytes);
    madvise(memory, bytes, MADV_RANDOM);
    return memory;
  } catch (const std::system_error& error) {
    refuse(folder.string(), static_cast<double>(bytes), error.code().value());
  }
}

}  // namespace

at::Tensor zeroed_rows(std::int64_t rows, std::int64_t columns, const std::filesystem::path& spill) {
  const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(rows * columns, 1)) * sizeof(float);
  auto* memory = spill.empty() ? map_memory(bytes) : map_file(spill, bytes);
  return at::from_blob(
      memory, {rows, columns}, [bytes](void* mapped) { munmap(mapped, bytes); }, at::kFloat);
}

at::Tensor copied_rows(const at::Tensor& rows, const std::filesystem::path& spill) {
  if (spill.empty()) return rows.clone(at::MemoryFormat::Contiguous);
  auto copy = zeroed_rows(rows.size(0), rows.size(1), spill);
  const auto& from = rows.storage();
  madvise(const_cast<void*>(from.data()), from.nbytes(), MADV_SEQUENTIAL);  // the kernel reads ahead
  copy.copy_(rows);
  madvise(const_cast<void*>(from.data()), from.nbytes(), MADV_RANDOM);
  return copy;
}

}  // namespace warmstart
