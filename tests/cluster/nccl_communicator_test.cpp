#include "cluster/nccl_communicator.h"

#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"

namespace warmstart {
namespace {

TEST(Nccl, OfDifferentVersionsIsRefusedNamingTheRanks) {
  EXPECT_EQ(version_conflict({22809, 22809}), "");
  EXPECT_EQ(version_conflict({22809, 22809, 22703}), "NCCL is 2.28.9 on rank 0 and 2.27.3 on rank 2; start all ranks from one installation");
}

// Where there is a GPU, tests of it would stand here; without one, or without CUDA, every rank must say so and none may hang.
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

}  // namespace
}  // namespace warmstart
