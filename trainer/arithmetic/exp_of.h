#pragma once

#include <bit>
#include <cstdint>

namespace warmstart {

// e^x within 2 units in the last place.  Without branches and calls, so that a compiler may take several elements at
// once, each by this formula: x = n log 2 + r, where |r| <= log 2 / 2, and e^r by its series.
inline float exp_of(float x) {
  constexpr float kLog2E = 1.44269504f, kLog2 = 0.693359375f, kRestOfLog2 = -2.12194440e-4f;
  constexpr float kRounds = 12582912.0f;  // 1.5 * 2^23: a float that has been added to it is a whole number
  const float lowest = -87.0f, highest = 88.0f;
  x = x < lowest ? lowest : x;
  x = x > highest ? highest : x;
  const float rounded = x * kLog2E + kRounds, n = rounded - kRounds;
  // Its last bits are n, also where x is not a number, of which no conversion to an integer is defined.
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(rounded) - std::bit_cast<std::uint32_t>(kRounds) + 127u;
  const float r = (x - n * kLog2) - n * kRestOfLog2;
  const float series =
      1.0f +
      r * (1.0f + r * (1.0f / 2 + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720 + r / 5040))))));
  return series * std::bit_cast<float>(exponent << 23);
}

}  // namespace warmstart
