#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

#include "cluster/communicator.h"

namespace warmstart {

// What a rank computes on.
enum class DeviceKind { kCpu, kCuda };
NLOHMANN_JSON_SERIALIZE_ENUM(DeviceKind, {{DeviceKind::kCpu, "cpu"}, {DeviceKind::kCuda, "cuda"}})

// What one rank sees of its host.
struct HostView {
  std::string name;
  bool cuda_flavour;  // this program was built with CUDA
  int gpus;           // that this process may use
  int local_rank,
      local_ranks;  // among those of the host that may use the same GPUs: where Slurm binds one to each rank, alone
};

// The CPU, or the GPU whose number is the local rank's.  Throws EnvironmentError when the program has no CUDA, the host
// no GPU, or fewer than ranks that share them.
at::Device choose_device(DeviceKind kind, const HostView& host);

// Collective.  This rank's device.  Throws AgreedError: kUsage when ranks ask for different kinds, else as
// choose_device.
at::Device device_of_rank(DeviceKind kind, Communicator& group);

}  // namespace warmstart
