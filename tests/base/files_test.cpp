#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "base/digest.h"
#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

TEST(WriteFile, KeepsTheOldContentWhenTheDiskRefuses) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit two_bytes{2, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &two_bytes);
  EXPECT_THROW(write_file(folder.path() / "file", "new"), EnvironmentError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_file(folder.path() / "file"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(PendingFile, TwoWritersOfOneFileDoNotMix) {
  const TemporaryFolder folder;
  PendingFile first(folder.path() / "file"), second(folder.path() / "file");
  first.write("first, and long", 15);
  second.write("second", 6);
  first.commit();
  EXPECT_EQ(read_file(folder.path() / "file"), "first, and long");
  second.commit();
  EXPECT_EQ(read_file(folder.path() / "file"), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(PendingFile, ReplacesNothingButFiles) {
  EXPECT_THROW(write_file("/dev/null", "text"), EnvironmentError);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Digest, IsXxh3Of128Bits) {
  // The empty input's published value.
  EXPECT_EQ(digest(""), "99aa06d3014798d86001c324468d497f");
  const TemporaryFolder folder;
  EXPECT_EQ(digest_file(folder.write("file", "some text")), digest("some text"));
}

}  // namespace
}  // namespace warmstart
