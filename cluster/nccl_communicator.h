#pragma once

#include <memory>
#include <vector>

#include "cluster/communicator.h"

namespace warmstart {

// Collective over `host`.  The same ranks through NCCL, each with its GPU `device`: tensors are on that GPU.
// Collectives run on a stream of their own, ordered with the current one by events; each call waits until it is done,
// watching NCCL's asynchronous errors, and after one ends NCCL on this rank and throws CommunicationError naming rank,
// host and what to check. `host` must outlive it.  Throws AgreedError when ranks have different NCCLs, EnvironmentError
// when this program was built without CUDA, CommunicationError when the GPUs have not found each other after
// `timeout_seconds`; ends the process with 4 when the other ranks have not come to this call by then.
std::unique_ptr<Communicator> connect_gpus(Communicator& host, at::Device device, double timeout_seconds);

// Says which ranks differ in their NCCL's version code (as ncclGetVersion has it) from rank 0's; "" if none does.
std::string version_conflict(const std::vector<std::int64_t>& versions);

}  // namespace warmstart
