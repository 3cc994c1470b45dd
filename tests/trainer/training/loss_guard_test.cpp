#include "trainer/training/loss_guard.h"

#include <gtest/gtest.h>

#include <cmath>

namespace warmstart {
namespace {

TEST(LossGuard, RefusesALossFarOverTheMedianOnceItHasOne) {
  LossGuard guard(5);
  EXPECT_EQ(guard.judge(100.0), "");  // nothing to compare with
  for (int i = 0; i < 20; ++i) EXPECT_EQ(guard.judge(1.0), "");
  EXPECT_EQ(guard.judge(4.9), "");
  EXPECT_NE(guard.judge(5.1), "");
  EXPECT_NE(guard.judge(5.1), "");  // a refused one does not enter the median
  EXPECT_NE(guard.judge(NAN), "");
}

TEST(LossGuard, GoesOnFromItsState) {
  LossGuard guard(5), other(5);
  for (int i = 0; i < 20; ++i) guard.judge(1.0);
  EXPECT_EQ(other.judge(9.0), "");
  other.restore(guard.state());
  EXPECT_NE(other.judge(9.0), "");
}

TEST(LossGuard, WithoutALimitRefusesOnlyWhatIsNotFinite) {
  LossGuard guard(0);
  for (int i = 0; i < 20; ++i) guard.judge(1.0);
  EXPECT_EQ(guard.judge(1e9), "");
  EXPECT_NE(guard.judge(INFINITY), "");
}

}  // namespace
}  // namespace warmstart
