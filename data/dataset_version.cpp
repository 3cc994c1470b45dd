#include "data/dataset_version.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace warmstart {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& first, int number) {
  return number == 1 ? first : std::filesystem::path(fmt::format("{}.v{}", first.string(), number));
}

}  // namespace

DatasetVersion newest_version(const std::filesystem::path& first) {
  if (!std::filesystem::exists(first))
    throw UsageError(
        fmt::format("{}: there is no data set to append to; make it first, without data.append", first.string()));
  int number = 1;
  while (std::filesystem::exists(folder_of(first, number + 1))) ++number;
  return {number, folder_of(first, number)};
}

DatasetVersion next_version(const std::filesystem::path& first) {
  const auto number = newest_version(first).number + 1;
  return {number, folder_of(first, number)};
}

}  // namespace warmstart
