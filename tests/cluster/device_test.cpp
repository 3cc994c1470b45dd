#include "cluster/device.h"

#include <gtest/gtest.h>

#include "cluster/agreement.h"
#include "cluster/mpi_communicator.h"

namespace warmstart {
namespace {

std::string refusal(const HostView& host) {
  try {
    choose_device(DeviceKind::kCuda, host);
  } catch (const EnvironmentError& error) {
    return error.what();
  }
  return "";
}

TEST(Device, IsTheGpuOfTheRankOnItsHost) {
  EXPECT_EQ(choose_device(DeviceKind::kCuda, {"a", true, 8, 3, 8}), at::Device(at::kCUDA, 3));
  EXPECT_EQ(choose_device(DeviceKind::kCpu, {"a", false, 0, 3, 8}), at::Device(at::kCPU));
}

TEST(Device, ThatIsNotThereIsRefusedWithTheRemedy) {
  EXPECT_NE(refusal({"a", false, 0, 0, 1}).find("build the preset 'cuda'"), std::string::npos);
  EXPECT_NE(refusal({"a", true, 0, 0, 1}).find("a shows this process no GPU"), std::string::npos);
  EXPECT_EQ(refusal({"a", true, 1, 0, 4}), "4 ranks on a share 1 GPU; start one rank a GPU");
}

TEST(Device, MayNotDifferOverRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  EXPECT_EQ(device_of_rank(DeviceKind::kCpu, group), at::Device(at::kCPU));
  if (group.size() == 1) return;
  const int last = group.size() - 1;
  try {
    device_of_rank(group.rank() == last ? DeviceKind::kCuda : DeviceKind::kCpu, group);
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_EQ(std::string(error.what()),
              "train.device is cpu on rank 0 and cuda on rank " + std::to_string(last) + "; give all ranks the same");
  }
}

}  // namespace
}  // namespace warmstart
