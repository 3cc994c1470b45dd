#include "base/regular_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

template <typename Action>
std::string refusal(Action action) {
  try {
    action();
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

// Every way to read a file, of what is none: a pipe would hang, /dev/zero never end.
TEST(RegularFile, WhatIsNoFileIsRefusedByName) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::pair<fs::path, std::string> cases[] = {{pipe, "is a pipe, not a file"},
                                                    {"/dev/zero", "is a device, not a file"},
                                                    {folder.path(), "is a folder, not a file"},
                                                    {folder.path() / "nowhere", "no such file"}};
  for (const auto& each : cases) {
    const auto& path = each.first;  // Clang 14 lets no lambda see a structured binding.
    const auto expected = path.string() + ": " + each.second;
    EXPECT_EQ(refusal([&] { read_file(path); }), expected);
    EXPECT_EQ(refusal([&] { digest_file(path); }), expected);
    EXPECT_EQ(refusal([&] { Hdf5Mapping{path}; }), expected);
  }
}

TEST(RegularFile, ALinkToOneIsOne) {
  const TemporaryFolder folder;
  fs::create_symlink(folder.write("file", "content"), folder.path() / "link");
  EXPECT_EQ(read_file(folder.path() / "link"), "content");
  EXPECT_EQ(read_file(folder.path() / "link", 7), "content");
  EXPECT_NE(refusal([&] { read_file(folder.path() / "link", 6); }).find("at most 6"), std::string::npos);
}

}  // namespace
}  // namespace warmstart
