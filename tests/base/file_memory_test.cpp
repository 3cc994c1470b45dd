#include "base/file_memory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory_resource>
#include <numeric>
#include <string>
#include <vector>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

// Of this process, that lies in no file.
std::int64_t anonymous_kilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "RssAnon:") {
  }
  std::int64_t kilobytes = 0;
  status >> kilobytes;
  return kilobytes;
}

TEST(FileMemory, HoldsWhatIsWrittenToItAndTakesNoMemoryOfItsOwn) {
  const TemporaryFolder folder;
  FileMemory memory(folder.path());
  std::pmr::vector<std::int64_t> numbers(&memory);
  const auto before = anonymous_kilobytes();
  for (std::int64_t i = 0; i < 8'000'000; ++i) numbers.push_back(i);
  EXPECT_LT(anonymous_kilobytes() - before, 16'000);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  for (std::int64_t i = 0; i < 8'000'000; i += 999) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
}

TEST(FileMemory, SmallBlocksNeedNoFolder) {
  FileMemory memory("nowhere");
  std::pmr::vector<char> bytes(FileMemory::kFewestBytes - 1, 'a', &memory);
  EXPECT_EQ(bytes.back(), 'a');
  EXPECT_THROW(bytes.push_back('b'), EnvironmentError);
  EXPECT_EQ(bytes.size(), FileMemory::kFewestBytes - 1);
}

TEST(FileMemory, NamesTheFolderWhoseDiskHasNoRoom) {
  const TemporaryFolder folder;
  FileMemory memory(folder.path());
  try {
    static_cast<void>(memory.allocate(std::size_t{1} << 50));
    FAIL() << "a petabyte was found";
  } catch (const EnvironmentError& error) {
    EXPECT_EQ(std::string(error.what()),
              folder.path().string() +
                  ": no room for 1.126e+09 MB: No space left on device; free some space or choose another folder");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace warmstart
