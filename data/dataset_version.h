#pragma once

#include <filesystem>

namespace warmstart {

// A data set that grows has a folder for each of its versions: the first is NAME, the second NAME.v2.
struct DatasetVersion {
  int number = 1;
  std::filesystem::path folder;
};

// Of the data set whose first version is `first`.  Throws UsageError where there is none.
DatasetVersion newest_version(const std::filesystem::path& first);
DatasetVersion next_version(const std::filesystem::path& first);

}  // namespace warmstart
