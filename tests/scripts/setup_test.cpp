#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// scripts/setup in a folder and with programs of the test's own: no package is there, and nobody really waits.
class SetupTest : public testing::Test {
 protected:
  SetupTest() {
    fs::create_directories(folder.path() / "scripts");
    fs::create_directories(folder.path() / "bin");
    fs::copy(WARMSTART_SETUP, folder.path() / "scripts/setup");
    program("dpkg-query", "exit 1");
    program("id", "echo 0");
    program("sleep", "echo >>waits");
  }

  void program(const std::string& name, const std::string& script) const {
    const auto path = folder.write("bin/" + name, "#!/bin/sh\n" + script + "\n");
    fs::permissions(path, fs::perms::owner_all);
  }

  ProgramResult setup() const {
    return run_command("cd '" + folder.path().string() +
                       "' && PATH=\"$PWD/bin:$PATH\" WARMSTART_LIBTORCH=/ WARMSTART_ARROW=/ bash scripts/setup");
  }

  std::uintmax_t waits() const {
    const auto file = folder.path() / "waits";
    return fs::exists(file) ? fs::file_size(file) : 0;
  }

  TemporaryFolder folder;
};

TEST_F(SetupTest, WaitsForAnotherApt) {
  // Each call finds the lock held twice.
  program("apt-get",
          "echo >>tries-$2; [ $(wc -l <tries-$2) -gt 2 ] && exit; echo 'E: Could not get lock /var/lib/apt'; exit 100");
  const auto result = setup();
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(waits(), 4U);
  EXPECT_NE(result.output.find("another apt is at work"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("everything is there"), std::string::npos) << result.output;
}

TEST_F(SetupTest, DoesNotWaitForWhatWaitingDoesNotMend) {
  program("apt-get", "echo 'E: Unable to locate package'; exit 100");
  const auto result = setup();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(waits(), 0U);
  EXPECT_NE(result.output.find("Unable to locate package"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace warmstart
