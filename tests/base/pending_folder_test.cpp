#include "base/pending_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "base/errors.h"
#include "base/files.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

TEST(PendingFolder, IsAbsentUntilCommitted) {
  const TemporaryFolder folder;
  PendingFolder pending(folder.path() / "target");
  write_file(pending.path() / "file", "content");
  EXPECT_FALSE(fs::exists(folder.path() / "target"));
  pending.commit();
  EXPECT_EQ(read_file(folder.path() / "target" / "file"), "content");
}

TEST(PendingFolder, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  {
    PendingFolder pending(folder.path() / "target");
    write_file(pending.path() / "file", "content");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(PendingFolder, RefusesAnExistingTarget) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "target");
  EXPECT_THROW(PendingFolder(folder.path() / "target"), UsageError);
}

std::string refusal(const fs::path& target) {
  try {
    const PendingFolder folder(target);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(PendingFolder, IsMadeByOneAtATime) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "target";
  PendingFolder pending(target);
  write_file(pending.path() / "file", "content");
  EXPECT_NE(refusal(target).find("target: is being made by process " + std::to_string(getpid())), std::string::npos)
      << refusal(target);
  pending.commit();
  EXPECT_EQ(read_file(target / "file"), "content");
  EXPECT_EQ(std::distance(fs::directory_iterator(target), {}), 1);
}

TEST(PendingFolder, RemovesWhatADeadMakerLeft) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "target";
  const auto child = fork();
  if (child == 0) {
    const PendingFolder pending(target);
    write_file(pending.path() / "half", "written");
    _exit(0);  // as a kill: everything stays as it is
  }
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(fs::exists(target.string() + ".tmp/half"));
  PendingFolder pending(target);
  EXPECT_FALSE(fs::exists(pending.path() / "half"));
  pending.commit();
  EXPECT_TRUE(fs::is_empty(target));
}

TEST(PendingFolder, DoesNotCommitWhatAnotherTookOver) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "target";
  std::optional<PendingFolder> pending(target);
  write_file(pending->path() / "lock", R"({"pid":1,"host":"elsewhere"})");
  write_file(pending->path() / "file", "of the other");
  EXPECT_THROW(pending->commit(), EnvironmentError);
  pending.reset();
  EXPECT_FALSE(fs::exists(target));
  EXPECT_EQ(read_file(target.string() + ".tmp/file"), "of the other");
}

TEST(PendingFolder, NeverEmptiesAFolderThatALinkLeadsTo) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "precious");
  folder.write("precious/file", "content");
  fs::create_directory_symlink(folder.path() / "precious", folder.path() / "target.tmp");
  EXPECT_THROW(PendingFolder(folder.path() / "target"), UsageError);
  EXPECT_TRUE(fs::exists(folder.path() / "precious/file"));
}

}  // namespace
}  // namespace warmstart
