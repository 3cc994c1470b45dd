#include "cluster/gather_texts.h"

#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"

namespace warmstart {
namespace {

// Rank r's: over a piece and a bit of its own letter; nothing of rank 1.
std::string text_of(int rank) {
  return rank == 1
             ? ""
             : std::string((std::size_t{1} << 20) * static_cast<std::size_t>(rank) + 3, static_cast<char>('a' + rank));
}

TEST(GatherTexts, GivesAllRanksTheTextsOfAll) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto texts = gather_texts(group, text_of(group.rank()));
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(group.size()));
  for (int rank = 0; rank < group.size(); ++rank)
    EXPECT_TRUE(texts[static_cast<std::size_t>(rank)] == text_of(rank)) << rank;
}

TEST(GatherTexts, OfNothingIsNothing) {
  MpiCommunicator group(MPI_COMM_WORLD);
  for (const auto& text : gather_texts(group, "")) EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace warmstart
