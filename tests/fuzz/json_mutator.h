#pragma once

#include <cstddef>
#include <cstdint>

// Notes an input that was taken whole.  Half of all mutations start from one of these and change it as JSON: after a
// change of bytes it mostly is none any more, and most of what the fuzzer keeps is refused by the first check.
void note_accepted(const std::uint8_t* data, std::size_t size);
