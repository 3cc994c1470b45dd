#pragma once

#include <nlohmann/json.hpp>

namespace warmstart {

// What this program is: its version, git revision and the versions of the libraries that bits depend on.
nlohmann::json provenance();

}  // namespace warmstart
