#pragma once

#include <filesystem>

#include "base/options.h"

namespace warmstart {

// Prints what the second data set, a later version of the first perhaps, has that the first has not, and whether models
// of the first fit it.  Throws DataError where one is damaged.
void compare_datasets(const std::filesystem::path& first, const std::filesystem::path& second,
                      const Options::CommandLine& line);

}  // namespace warmstart
