#pragma once

#include <cstdint>

namespace warmstart {

enum class Split : std::uint8_t { kTrain = 0, kValidation = 1, kTest = 2 };
constexpr int kSplits = 3;
const char* name_of(Split split);

}  // namespace warmstart
