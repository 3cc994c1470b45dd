#include "cluster/parameter_check.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "cluster/agreement.h"
#include "cluster/mpi_communicator.h"

namespace warmstart {
namespace {

TEST(CheckSameOnAllRanks, PassesWhenTheBitsAreEqual) {
  MpiCommunicator group(MPI_COMM_WORLD);
  EXPECT_NO_THROW(check_same_on_all_ranks(at::arange(100, at::kFloat), group));
}

TEST(CheckSameOnAllRanks, NamesTheRankWhoseParametersDifferByOneBit) {
  MpiCommunicator group(MPI_COMM_WORLD);
  if (group.size() == 1) return;  // nobody to differ from
  auto parameters = at::ones({100});
  if (group.rank() == 1) parameters[99] = std::nextafter(1.0f, 2.0f);
  try {
    check_same_on_all_ranks(parameters, group);
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_NE(std::string(error.what()).find("rank 1 differ"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace warmstart
