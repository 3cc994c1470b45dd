#include "cluster/device.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#ifdef WARMSTART_CUDA
#include <cuda_runtime_api.h>
#endif

#include <array>

#include "base/digest.h"
#include "base/host.h"
#include "cluster/agreement.h"
#include "cluster/cuda_flavour.h"

namespace warmstart {
namespace {

#ifdef WARMSTART_CUDA
constexpr bool kCudaFlavour = true;

// By their places on the bus: their numbers are the process's own.
std::vector<std::string> visible_gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return {};
  std::vector<std::string> gpus;
  for (int i = 0; i < count; ++i) {
    std::array<char, 32> place{};
    cudaDeviceGetPCIBusId(place.data(), static_cast<int>(place.size()), i);
    gpus.emplace_back(place.data());
  }
  return gpus;
}
#else
constexpr bool kCudaFlavour = false;
std::vector<std::string> visible_gpus() { return {}; }
#endif

// Collective.
HostView view_of_host(Communicator& group) {
  const auto name = node_name();
  const auto gpus = visible_gpus();
  const auto key = digest(fmt::format("{} {}", name, fmt::join(gpus, " ")));
  const auto own =
      at::from_blob(const_cast<char*>(key.data()), {static_cast<std::int64_t>(key.size())}, at::kByte).clone();
  const auto same = group.gather_slices(own).view({group.size(), own.numel()}).eq(own).all(1).to(at::kLong);
  return {.name = name,
          .cuda_flavour = kCudaFlavour,
          .gpus = static_cast<int>(gpus.size()),
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
                    fmt::format("train.device is {} on rank 0 and {} on rank {}; give all ranks the same", name(0),
                                name(rank), rank));
}

}  // namespace

bool is_cuda_flavour() { return kCudaFlavour; }

at::Device choose_device(DeviceKind kind, const HostView& host) {
  if (kind == DeviceKind::kCpu) return at::kCPU;
  if (!host.cuda_flavour) {
    throw EnvironmentError(
        "train.device = cuda, but this program was built with LibTorch's CPU part only; build the preset 'cuda', or "
        "take --device cpu");
  }
  if (host.gpus == 0) {
    throw EnvironmentError(
        fmt::format("train.device = cuda, but {} shows this process no GPU; see nvidia-smi and CUDA_VISIBLE_DEVICES "
                    "there, or take --device cpu",
                    host.name));
  }
  if (host.local_ranks > host.gpus) {
    throw EnvironmentError(fmt::format("{} ranks on {} share {} GPU{}; start one rank a GPU", host.local_ranks,
                                       host.name, host.gpus, host.gpus == 1 ? "" : "s"));
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
