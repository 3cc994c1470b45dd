#include "base/files.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/errors.h"
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

TEST(WriteFile, KeepsTheOldContentWhenTheDiskRefuses) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "old");
  fs::create_directory(folder.path() / "file.tmp");  // so that the temporary file cannot be made, even by root
  EXPECT_THROW(write_file(folder.path() / "file", "new"), EnvironmentError);
  EXPECT_EQ(read_file(folder.path() / "file"), "old");
}

TEST(Digest, IsXxh3Of128Bits) {
  // The empty input's published value.
  EXPECT_EQ(digest(""), "99aa06d3014798d86001c324468d497f");
  const TemporaryFolder folder;
  EXPECT_EQ(digest_file(folder.write("file", "some text")), digest("some text"));
}

}  // namespace
}  // namespace warmstart
