#include "cluster/device.h"

#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>

#include <cstring>

#include "base/host.h"
#include "cluster/agreement.h"

namespace warmstart {
namespace {

#ifdef WARMSTART_CUDA
constexpr bool kCudaFlavour = true;
#else
constexpr bool kCudaFlavour = false;
#endif

constexpr std::int64_t kNameBytes = 256;

// Collective.
HostView view_of_host(Communicator& group) {
  const auto name = node_name();
  auto own = at::zeros({kNameBytes}, at::kByte);
  std::strncpy(static_cast<char*>(own.data_ptr()), name.c_str(), kNameBytes - 1);
  const auto same = group.gather_slices(own).view({group.size(), kNameBytes}).eq(own).all(1).to(at::kLong);
  return {.name = name,
          .cuda_flavour = kCudaFlavour,
          .gpus = kCudaFlavour ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0,
          .local_rank = static_cast<int>(same.narrow(0, 0, group.rank()).sum().item<std::int64_t>()),
          .local_ranks = static_cast<int>(same.sum().item<std::int64_t>())};
}

// Collective.
void refuse_mixed_kinds(DeviceKind kind, Communicator& group) {
  const auto kinds = group.gather_slices(at::full({1}, static_cast<std::int64_t>(kind), at::kLong));
  const auto differs = kinds.ne(kinds[0]).nonzero();
  if (differs.numel() == 0) return;
  const auto rank = differs[0].item<std::int64_t>();
  const auto name = [&](std::int64_t of) {
    return nlohmann::json(static_cast<DeviceKind>(kinds[of].item<std::int64_t>())).get<std::string>();
  };
  throw AgreedError(ExitCode::kUsage,
                    fmt::format("train.device is {} on rank 0 and {} on rank {}; give all ranks the same", name(0), name(rank), rank));
}

}  // namespace

at::Device choose_device(DeviceKind kind, const HostView& host) {
  if (kind == DeviceKind::kCpu) return at::kCPU;
  if (!host.cuda_flavour) {
    throw EnvironmentError(
        "train.device = cuda, but this program was built with LibTorch's CPU part only; build the preset 'cuda', or take --device cpu");
  }
  if (host.gpus == 0) {
    throw EnvironmentError(fmt::format(
        "train.device = cuda, but {} shows this process no GPU; see nvidia-smi and CUDA_VISIBLE_DEVICES there, or take --device cpu",
        host.name));
  }
  if (host.local_ranks > host.gpus) {
    throw EnvironmentError(fmt::format("{} ranks on {}, which has {} GPU{}; start one rank a GPU", host.local_ranks, host.name, host.gpus,
                                       host.gpus == 1 ? "" : "s"));
  }
  return {at::kCUDA, static_cast<c10::DeviceIndex>(host.local_rank)};
}

at::Device device_of_rank(DeviceKind kind, Communicator& group) {
  refuse_mixed_kinds(kind, group);
  const auto host = view_of_host(group);
  at::Device device(at::kCPU);
  agree(group, [&] { device = choose_device(kind, host); });
  return device;
}

}  // namespace warmstart
