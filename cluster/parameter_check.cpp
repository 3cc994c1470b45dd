#include "cluster/parameter_check.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/digest.h"
#include "cluster/agreement.h"

namespace warmstart {

void check_same_on_all_ranks(const at::Tensor& parameters, Communicator& group) {
  const auto on_host = parameters.detach().cpu();
  const auto own = digest(on_host.const_data_ptr(), on_host.nbytes());
  const auto slice = at::from_blob(const_cast<char*>(own.data()), {32}, at::kByte).clone();
  const auto digests = group.gather_slices(slice).view({group.size(), 32});
  const auto differs = digests.ne(digests[0]).any(1);
  if (!differs.any().item<bool>()) return;

  std::vector<int> ranks;
  for (int rank = 0; rank < group.size(); ++rank) {
    if (differs[rank].item<bool>()) ranks.push_back(rank);
  }
  throw AgreedError(ExitCode::kFailure,
                    fmt::format("the parameters of rank {} differ from rank 0's: the ranks run different binaries, "
                                "libraries or processors, or memory is faulty",
                                fmt::join(ranks, ", ")));
}

}  // namespace warmstart
