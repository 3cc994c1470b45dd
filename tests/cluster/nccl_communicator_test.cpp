#include "cluster/nccl_communicator.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/gradient_sum.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "tests/support/test_device.h"

namespace warmstart {
namespace {

TEST(Nccl, OfDifferentVersionsIsRefusedNamingTheRanks) {
  EXPECT_EQ(version_conflict({22809, 22809}), "");
  EXPECT_EQ(version_conflict({22809, 22809, 22703}),
            "NCCL is 2.28.9 on rank 0 and 2.27.3 on rank 2; start all ranks from one installation");
}

// No host has a GPU 99.  Every rank must say so and none may hang.
TEST(Nccl, WithoutAGpuSaysWhatIsMissing) {
  MpiCommunicator group(MPI_COMM_WORLD);
#ifdef WARMSTART_CUDA
  const std::string wanted = "NCCL on ";
#else
  const std::string wanted = "build the preset 'cuda'";
#endif
  try {
    connect_gpus(group, at::Device(at::kCUDA, 99), 5.0);
    ADD_FAILURE() << "no error";
  } catch (const EnvironmentError& error) {
    EXPECT_NE(std::string(error.what()).find(wanted), std::string::npos) << error.what();
  }
  group.barrier();
}

#ifdef WARMSTART_CUDA
// The second of two ranks, whose first never makes a call.
class Abandoned : public Communicator {
 public:
  int rank() const override { return 1; }
  int size() const override { return 2; }
  void barrier() override { wait(); }

 private:
  void do_sum(at::Tensor&) override { wait(); }
  void do_broadcast(at::Tensor&, int) override { wait(); }
  at::Tensor do_exchange_slices(const at::Tensor&) override { wait(); }
  at::Tensor do_exchange_rows(const at::Tensor&, const std::vector<std::int64_t>&,
                              const std::vector<std::int64_t>&) override {
    wait();
  }
  at::Tensor do_gather_slices(const at::Tensor&) override { wait(); }
  [[noreturn]] static void wait() {
    while (true) pause();
  }
};

// One rank: NCCL takes no two ranks on one GPU.
TEST(Nccl, OfOneRankGivesBackWhatItTakes) {
  if (!test_device().is_cuda()) GTEST_SKIP() << "WARMSTART_TEST_DEVICE is not cuda";
  SelfCommunicator host;
  const auto group = connect_gpus(host, at::Device(at::kCUDA, 0), 60.0);
  for (const auto dtype : {at::kFloat, at::kDouble, at::kLong, at::kByte}) {
    const auto tensor = at::arange(100, at::TensorOptions(at::Device(at::kCUDA, 0)).dtype(dtype));
    auto summed = tensor.clone(), sent = tensor.clone();
    group->sum(summed);
    group->broadcast(sent, 0);
    for (const auto& result : {summed, sent, group->exchange_slices(tensor), group->gather_slices(tensor),
                               group->exchange_rows(tensor.view({25, 4}), {25}, {25}).flatten()})
      EXPECT_TRUE(result.equal(tensor));
  }
  auto gradient = at::arange(101, at::TensorOptions(at::Device(at::kCUDA, 0)).dtype(at::kFloat));
  const auto before = gradient.clone();
  sum_in_fixed_order(gradient, *group);
  group->barrier();
  EXPECT_TRUE(gradient.equal(before));
}

TEST(NcclDeathTest, AnIdThatNeverComesEndsTheRank) {
  Abandoned host;
  EXPECT_EXIT(connect_gpus(host, at::Device(at::kCUDA, 0), 0.5), testing::ExitedWithCode(4),
              "rank 1 on .*no progress for 0.5 s.*NCCL's id from rank 0.*stands still");
}
#endif

}  // namespace
}  // namespace warmstart
