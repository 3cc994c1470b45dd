#include "cluster/agreement.h"

#include <ATen/ATen.h>

#include <cstring>
#include <optional>

namespace warmstart {
namespace {

std::optional<Error> failure_of(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(ExitCode::kFailure, error.what());
  }
}

}  // namespace

void agree(Communicator& group, const std::function<void()>& work) {
  const auto failure = failure_of(work);
  auto codes = at::zeros({group.size()}, at::kLong);
  if (failure) codes[group.rank()] = static_cast<std::int64_t>(failure->code());
  group.sum(codes);
  const auto failed = codes.nonzero();
  if (failed.numel() == 0) return;

  const int root = static_cast<int>(failed[0].item<std::int64_t>());
  auto message = at::zeros({4096}, at::kByte);
  if (group.rank() == root) std::strncpy(static_cast<char*>(message.data_ptr()), failure->what(), 4095);
  group.broadcast(message, root);
  throw AgreedError(static_cast<ExitCode>(codes[root].item<std::int64_t>()), static_cast<char*>(message.data_ptr()));
}

}  // namespace warmstart
