#pragma once

#include <cstdint>
#include <string>

namespace warmstart {

// "users", "classes".
std::string plural_of(const std::string& noun);

// "1 user", "2 users".
std::string counted(std::int64_t count, const std::string& noun);

}  // namespace warmstart
