// main() for tests that run under mpiexec.
//
// The verdict is agreed before anyone exits: a failure seen by one rank fails
// them all, so the launcher never reports success for a half-failed test.

#include <gtest/gtest.h>
#include <mpi.h>

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
  testing::InitGoogleTest(&argc, argv);

  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  // Rank 0 tells the story; the others speak only when they fail.
  if (rank != 0) testing::GTEST_FLAG(brief) = true;

  int failed = RUN_ALL_TESTS();
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
