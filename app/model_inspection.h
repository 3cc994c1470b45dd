#pragma once

#include <filesystem>

#include "base/options.h"

namespace warmstart {

// Whether an exported model, or a version of one, is at `path`.
bool is_exported_model(const std::filesystem::path& path);

// Prints what it is, once all digests hold.
void inspect_exported_model(const std::filesystem::path& path, const Options::CommandLine& line);

}  // namespace warmstart
