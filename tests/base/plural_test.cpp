#include "base/plural.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

TEST(Plural, OfWhatTasksAndEntitiesAre) {
  EXPECT_EQ(plural_of("user"), "users");
  EXPECT_EQ(plural_of("item"), "items");
  EXPECT_EQ(plural_of("class"), "classes");
}

TEST(Plural, IsOfAllCountsButOne) {
  EXPECT_EQ(counted(0, "class"), "0 classes");
  EXPECT_EQ(counted(1, "class"), "1 class");
  EXPECT_EQ(counted(2, "rank"), "2 ranks");
}

}  // namespace
}  // namespace warmstart
