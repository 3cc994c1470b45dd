#include "base/host.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace warmstart {
namespace {

TEST(Host, HasCoresAndMemory) {
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), host_cores());
  EXPECT_GT(host_memory_bytes(), 64e6);
}

TEST(Host, MemoryThatItDoesNotHaveIsRefusedWithBothFigures) {
  require_memory(host_memory_bytes(), "as much as there is");
  try {
    require_memory(4e18, "model.embedding = 1000000000: the parameters");
    FAIL();
  } catch (const UsageError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("model.embedding = 1000000000: the parameters would take 4e+06 TB"), std::string::npos)
        << message;
    EXPECT_NE(message.find("this host has "), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace warmstart
