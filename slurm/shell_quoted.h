#pragma once

#include <string>

namespace warmstart {

// One word for a POSIX shell: in single quotes unless it is plain.
std::string shell_quoted(const std::string& text);

}  // namespace warmstart
