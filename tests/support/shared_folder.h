#pragma once

#include <optional>

#include "cluster/communicator.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {

// One new folder for all ranks, gone with the objects.  Both ends are collective.
class SharedFolder {
 public:
  explicit SharedFolder(Communicator& group);
  ~SharedFolder() { group_.barrier(); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  Communicator& group_;
  std::optional<TemporaryFolder> folder_;  // rank 0's
  std::filesystem::path path_;
};

}  // namespace warmstart
