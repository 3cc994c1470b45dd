#include "cluster/agreement.h"

#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"

namespace warmstart {
namespace {

TEST(Agree, ThrowsOnEveryRankWhatOneRankMet) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const int last = group.size() - 1;
  try {
    agree(group, [&] {
      if (group.rank() == last) throw DataError("shard 7 is damaged");
    });
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_STREQ(error.what(), "shard 7 is damaged");
    EXPECT_EQ(error.code(), ExitCode::kData);
  }
  group.barrier();  // reached by all ranks, so the group is still usable
}

TEST(Agree, PassesWhenAllRanksDo) {
  MpiCommunicator group(MPI_COMM_WORLD);
  int done = 0;
  agree(group, [&] { ++done; });
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace warmstart
