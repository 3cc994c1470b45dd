#include "checkpoints/run_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "base/errors.h"
#include "base/files.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

std::string refusal(const std::filesystem::path& run) {
  try {
    const RunLock lock(run);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(RunLock, IsHeldByOneAtATime) {
  const TemporaryFolder folder;
  {
    const RunLock lock(folder.path());
    EXPECT_NE(refusal(folder.path()).find("belongs to process " + std::to_string(getpid())), std::string::npos)
        << refusal(folder.path());
  }
  EXPECT_EQ(refusal(folder.path()), "");
}

TEST(RunLock, OfAProcessThatDiedIsTakenOver) {
  const TemporaryFolder folder;
  const auto child = fork();
  if (child == 0) {
    const RunLock lock(folder.path());
    _exit(0);  // as a kill: the file stays as it is
  }
  waitpid(child, nullptr, 0);
  EXPECT_NE(read_file(folder.path() / "lock").find(std::to_string(child)), std::string::npos);
  EXPECT_EQ(refusal(folder.path()), "");
}

TEST(RunLock, OfAnotherHostIsHeldUntilItGivesNoSignOfLife) {
  const TemporaryFolder folder;
  const auto path = folder.write("lock", R"({"pid":1,"host":"elsewhere","slurm_job":"7"})");
  EXPECT_NE(refusal(folder.path()).find("process 1 on elsewhere, Slurm job 7"), std::string::npos);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(100));
  EXPECT_EQ(refusal(folder.path()), "");
}

// Whoever wrote it may be alive on another host.
TEST(RunLock, ThatCannotBeReadIsHeldUntilItGivesNoSignOfLife) {
  for (const std::string content :
       {R"({"host":5})", "{\"pid\":", "[]", "null", R"({"pid":-1,"host":"a","slurm_job":""})"}) {
    const TemporaryFolder folder;
    const auto path = folder.write("lock", content);
    EXPECT_NE(refusal(folder.path()).find("belongs to another process; it gave a sign of life"), std::string::npos)
        << content << refusal(folder.path());
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(100));
    EXPECT_EQ(refusal(folder.path()), "") << content;
  }
}

TEST(RunLock, OfAnEarlierLifeOfTheSameSlurmJobIsTakenOver) {
  const TemporaryFolder folder;
  folder.write("lock", R"({"pid":1,"host":"elsewhere","slurm_job":"7"})");
  setenv("SLURM_JOB_ID", "7", 1);
  EXPECT_EQ(refusal(folder.path()), "");
  unsetenv("SLURM_JOB_ID");
}

}  // namespace
}  // namespace warmstart
