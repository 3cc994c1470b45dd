#include "checkpoints/checkpoint_hold.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/errors.h"
#include "checkpoints/manifest.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// Whether `path` is still the name of the open file.
bool is_named(int file, const fs::path& path) {
  struct stat there {
  }, here{};
  return stat(path.c_str(), &there) == 0 && fstat(file, &here) == 0 && there.st_ino == here.st_ino &&
         there.st_dev == here.st_dev;
}

// False where somebody else has a lock that excludes it.
bool lock(int file, int kind, const fs::path& path) {
  if (flock(file, kind | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  spdlog::warn("{}: this file system keeps no locks ({}); a run may remove a checkpoint that is being read",
               path.string(), std::strerror(errno));
  return true;
}

}  // namespace

CheckpointHold::CheckpointHold(const fs::path& folder) {
  const auto path = folder / kManifest;
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  // A lock that came too late is of a file that has lost its name.
  if (file_ >= 0 && lock(file_, LOCK_SH, path) && is_named(file_, path)) return;
  if (file_ >= 0) close(file_);
  throw DataError(fmt::format("{}: was removed by the run that has written it; read a newer one", folder.string()));
}

CheckpointHold::~CheckpointHold() { close(file_); }

void remove_unless_held(const fs::path& folder) {
  const auto path = folder / kManifest;
  // An exclusive lock over NFS wants a file that could be written to.
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool held = file >= 0 && !lock(file, LOCK_EX, path);
  // Without its manifest nobody takes it for a checkpoint, and no reader holds what is being removed.
  if (!held) fs::remove(path);
  if (file >= 0) close(file);
  if (!held) fs::remove_all(folder);
}

}  // namespace warmstart
