#include "checkpoints/zeroed_rows.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/errors.h"

namespace warmstart {
namespace {

[[noreturn]] void refuse(const std::string& where, double bytes, int error) {
  throw EnvironmentError(fmt::format(
      "{}: no room for the {:.4g} MB of a table's rows on this rank: {}; free some, choose another tables.spill, or "
      "lower tables.most-rows or model.embedding",
      where, bytes / 1e6, std::strerror(error)));
}

// With all its room taken, so that a disk cannot fill up under the rows.
int file_without_name(const std::filesystem::path& folder, std::size_t bytes) {
  std::error_code ignored;  // mkostemp() says it again
  const auto space = std::filesystem::space(folder, ignored);
  if (!ignored && space.available < bytes) refuse(folder.string(), static_cast<double>(bytes), ENOSPC);
  auto path = (folder / "table-XXXXXX").string();
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) refuse(folder.string(), static_cast<double>(bytes), errno);
  unlink(path.c_str());
  if (const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes)); error != 0) {
    close(file);
    refuse(folder.string(), static_cast<double>(bytes), error);
  }
  return file;
}

}  // namespace

at::Tensor zeroed_rows(std::int64_t rows, std::int64_t columns, const std::filesystem::path& spill) {
  const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(rows * columns, 1)) * sizeof(float);
  const int file = spill.empty() ? -1 : file_without_name(spill, bytes);
  const int flags = spill.empty() ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  auto* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  const int error = errno;
  if (file >= 0) close(file);
  if (memory == MAP_FAILED) refuse(spill.empty() ? "memory" : spill.string(), static_cast<double>(bytes), error);
  if (!spill.empty()) madvise(memory, bytes, MADV_RANDOM);
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
