#include "tests/support/shared_folder.h"

#include <ATen/ATen.h>

namespace warmstart {

SharedFolder::SharedFolder(Communicator& group) : group_(group) {
  auto path = at::zeros({512}, at::kByte);
  if (group.rank() == 0) {
    folder_.emplace();
    folder_->path().string().copy(static_cast<char*>(path.data_ptr()), 511);
  }
  group.broadcast(path, 0);
  path_ = static_cast<const char*>(path.data_ptr());
}

}  // namespace warmstart
