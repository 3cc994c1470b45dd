#pragma once

#include <filesystem>
#include <optional>

#include "base/lock.h"

namespace warmstart {

// A folder that appears under its name only when it is complete.  It is filled
// at path(), a neighbour named `<target>.tmp`; commit() syncs every file in
// it, renames it to the target and syncs the parent.  Without commit() nothing stays.
// A lock in it keeps others out as long as its maker lives; what a dead one left is removed.
class PendingFolder {
 public:
  // Throws UsageError when the target exists already, or when somebody else is making it, who is named.
  explicit PendingFolder(std::filesystem::path target);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  const std::filesystem::path& path() const { return pending_; }
  // Of the same target, for other processes that fill it together with its maker.
  static std::filesystem::path path_for(const std::filesystem::path& target) { return target.string() + ".tmp"; }

  // Throws EnvironmentError when the disk refuses, or when another process took the folder over.
  void commit();

 private:
  void refuse_existing() const;
  void require_own() const;
  void empty() const;
  void remove_pending();

  std::filesystem::path target_, pending_;
  std::optional<Lock> lock_;
};

}  // namespace warmstart
