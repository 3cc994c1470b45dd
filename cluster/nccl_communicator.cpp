#include "cluster/nccl_communicator.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/host.h"
#include "cluster/agreement.h"

#ifdef WARMSTART_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <numeric>
#include <thread>

#include "base/stopwatch.h"
#include "cluster/element_type.h"
#include "cluster/watchdog.h"
#endif

namespace warmstart {
namespace {

std::string as_version(std::int64_t code) {
  return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

}  // namespace

std::string version_conflict(const std::vector<std::int64_t>& versions) {
  std::vector<std::string> others;
  for (std::size_t rank = 1; rank < versions.size(); ++rank)
    if (versions[rank] != versions[0]) others.push_back(fmt::format("{} on rank {}", as_version(versions[rank]), rank));
  if (others.empty()) return "";
  return fmt::format("NCCL is {} on rank 0 and {}; start all ranks from one installation", as_version(versions[0]),
                     fmt::join(others, ", "));
}

#ifndef WARMSTART_CUDA

std::unique_ptr<Communicator> connect_gpus(Communicator&, at::Device, double) {
  throw EnvironmentError("NCCL is not in this program: build the preset 'cuda'");
}

#else

namespace {

ncclDataType_t type_of(const at::Tensor& tensor) {
  return ElementTypes<ncclDataType_t>{ncclFloat32, ncclFloat64, ncclInt64, ncclUint8}.of(tensor);
}

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(Communicator& host, at::Device device, double timeout_seconds)
      : host_(host), device_(device), timeout_(timeout_seconds) {
    connect(agreed_id());
    stream_.emplace(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device_.index()));
  }
  ~NcclCommunicator() override {
    if (communicator_) ncclCommAbort(communicator_);
  }

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  at::DeviceType device_type() const override { return at::kCUDA; }
  void barrier() override {
    auto one = at::ones({1}, at::TensorOptions(device_).dtype(at::kFloat));
    sum(one);
  }

 private:
  void do_sum(at::Tensor& tensor) override {
    run("ncclAllReduce", tensor, [&](cudaStream_t stream) {
      return ncclAllReduce(tensor.data_ptr(), tensor.data_ptr(), count(tensor), type_of(tensor), ncclSum, communicator_,
                           stream);
    });
  }
  void do_broadcast(at::Tensor& tensor, int root) override {
    run("ncclBroadcast", tensor, [&](cudaStream_t stream) {
      return ncclBroadcast(tensor.data_ptr(), tensor.data_ptr(), count(tensor), type_of(tensor), root, communicator_,
                           stream);
    });
  }
  at::Tensor do_exchange_slices(const at::Tensor& tensor) override {
    if (tensor.numel() % size() != 0)
      throw std::invalid_argument("exchange_slices: the length is not a multiple of the ranks");
    auto received = at::empty_like(tensor);
    const std::vector<std::int64_t> slices(static_cast<std::size_t>(size()), tensor.numel() / size());
    run("ncclSend and ncclRecv", tensor,
        [&](cudaStream_t stream) { return exchange(tensor, slices, received, slices, 1, stream); });
    return received;
  }
  at::Tensor do_exchange_rows(const at::Tensor& rows, const std::vector<std::int64_t>& sent,
                              const std::vector<std::int64_t>& received) override {
    const auto width = rows.size(0) == 0 ? c10::multiply_integers(rows.sizes().slice(1)) : rows.numel() / rows.size(0);
    auto sizes = rows.sizes().vec();
    sizes[0] = std::accumulate(received.begin(), received.end(), std::int64_t{0});
    auto all = at::empty(sizes, rows.options());
    run("ncclSend and ncclRecv", rows,
        [&](cudaStream_t stream) { return exchange(rows, sent, all, received, width, stream); });
    return all;
  }
  at::Tensor do_gather_slices(const at::Tensor& slice) override {
    auto gathered = at::empty({slice.numel() * size()}, slice.options());
    run("ncclAllGather", slice, [&](cudaStream_t stream) {
      return ncclAllGather(slice.data_ptr(), gathered.data_ptr(), count(slice), type_of(slice), communicator_, stream);
    });
    return gathered;
  }

  // Collective over the host's ranks.
  ncclUniqueId agreed_id() {
    const Phase phase("NCCL's id from rank 0");
    const Watchdog watchdog(timeout_, fmt::format("rank {} on {}", rank(), node_name()),
                            "look for a rank that stands still or starts late");
    check_versions();
    return shared_id();
  }

  // Collective over the host's ranks.
  void check_versions() {
    int version = 0;
    ncclGetVersion(&version);
    const auto all = host_.gather_slices(at::full({1}, version, at::kLong));
    const auto* codes = all.const_data_ptr<std::int64_t>();
    if (const auto conflict = version_conflict({codes, codes + all.numel()}); !conflict.empty())
      throw AgreedError(ExitCode::kEnvironment, conflict);
  }

  // Collective over the host's ranks.
  ncclUniqueId shared_id() {
    ncclUniqueId id{};
    agree(host_, [&] {
      if (rank() != 0) return;
      if (const auto result = ncclGetUniqueId(&id); result != ncclSuccess)
        throw EnvironmentError(
            fmt::format("NCCL cannot open a socket for its ranks to meet ({}); set NCCL_SOCKET_IFNAME to a network "
                        "that all nodes share",
                        ncclGetErrorString(result)));
    });
    auto bytes = at::from_blob(id.internal, {NCCL_UNIQUE_ID_BYTES}, at::kByte).clone();
    host_.broadcast(bytes, 0);
    std::memcpy(id.internal, bytes.const_data_ptr(), NCCL_UNIQUE_ID_BYTES);
    return id;
  }

  void connect(const ncclUniqueId& id) {
    if (const auto result = cudaSetDevice(device_.index()); result != cudaSuccess)
      throw CommunicationError(fmt::format("NCCL on {}: GPU {} cannot be used: {}; see nvidia-smi there", node_name(),
                                           device_.index(), cudaGetErrorString(result)));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    settle("ncclCommInitRankConfig", ncclCommInitRankConfig(&communicator_, size(), id, rank(), &config));
  }

  // Waits until what was started is under way.
  void settle(const char* call, ncclResult_t result) {
    const Stopwatch stopwatch;
    while (result == ncclInProgress) {
      if (stopwatch.seconds() > timeout_) fail(call, fmt::format("not done after {} s", timeout_));
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      if (ncclCommGetAsyncError(communicator_, &result) != ncclSuccess) fail(call, "its state cannot be read");
    }
    if (result != ncclSuccess) fail(call, ncclGetErrorString(result));
  }

  [[noreturn]] void fail(const char* call, const std::string& why) {
    const std::string detail = ncclGetLastError(nullptr);
    if (communicator_) ncclCommAbort(std::exchange(communicator_, nullptr));
    throw CommunicationError(
        fmt::format("{} failed on rank {}, {}, GPU {}: {}{}; look for a rank that ended before this one, then at "
                    "NCCL_DEBUG=INFO and NCCL_SOCKET_IFNAME",
                    call, rank(), node_name(), device_.index(), why, detail.empty() ? "" : " (" + detail + ")"));
  }

  // Starts `work` behind what the current stream has been given, and waits until it is done.
  void run(const char* call, const at::Tensor& tensor, const std::function<ncclResult_t(cudaStream_t)>& work) {
    if (tensor.device() != device_)
      throw std::invalid_argument(fmt::format("NCCL: a tensor on {}, not on {}", tensor.device().str(), device_.str()));
    const c10::cuda::CUDAGuard guard(device_);
    at::cuda::CUDAEvent ready, done;
    ready.record(c10::cuda::getCurrentCUDAStream(device_.index()));
    ready.block(*stream_);
    settle(call, work(stream_->stream()));
    done.record(*stream_);
    while (!done.query()) {
      ncclResult_t state = ncclSuccess;
      if (ncclCommGetAsyncError(communicator_, &state) != ncclSuccess ||
          (state != ncclSuccess && state != ncclInProgress))
        fail(call, ncclGetErrorString(state));
      std::this_thread::yield();
    }
  }

  // Rows of `width` elements: so many to each rank, and so many from it.
  ncclResult_t exchange(const at::Tensor& rows, const std::vector<std::int64_t>& sent, at::Tensor& all,
                        const std::vector<std::int64_t>& received, std::int64_t width, cudaStream_t stream) {
    const auto type = type_of(rows);
    const auto* from = static_cast<const char*>(rows.const_data_ptr());
    auto* to = static_cast<char*>(all.data_ptr());
    auto result = ncclGroupStart();
    for (std::size_t peer = 0; peer < sent.size() && result == ncclSuccess; ++peer) {
      const auto out = static_cast<std::size_t>(sent[peer] * width),
                 in = static_cast<std::size_t>(received[peer] * width);
      result = ncclSend(from, out, type, static_cast<int>(peer), communicator_, stream);
      if (result == ncclSuccess) result = ncclRecv(to, in, type, static_cast<int>(peer), communicator_, stream);
      from += out * rows.element_size();
      to += in * rows.element_size();
    }
    const auto ended = ncclGroupEnd();
    return result == ncclSuccess ? ended : result;
  }

  static std::size_t count(const at::Tensor& tensor) {
    if (!tensor.is_contiguous()) throw std::invalid_argument("NCCL: the tensor is not contiguous");
    return static_cast<std::size_t>(tensor.numel());
  }

  Communicator& host_;
  at::Device device_;
  double timeout_;
  ncclComm_t communicator_ = nullptr;
  std::optional<c10::cuda::CUDAStream> stream_;
};

}  // namespace

std::unique_ptr<Communicator> connect_gpus(Communicator& host, at::Device device, double timeout_seconds) {
  return std::make_unique<NcclCommunicator>(host, device, timeout_seconds);
}

#endif

}  // namespace warmstart
