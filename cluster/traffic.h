#pragma once

#include <array>
#include <cstddef>

namespace warmstart {

// What a rank's bytes to and from other ranks are for.
enum class TrafficKind : std::size_t {
  kReduced,    // gradients that all ranks hold, summed over them
  kExchanged,  // rows of sharded tables, who wants which, and their gradients
  kEncodings,  // of rows that each rank encodes for all of them, and their gradients
  kOther,      // agreement, checks, validation
};
constexpr std::size_t kTrafficKinds = 4;

// Bytes by kind, and how long the rank was at it, waiting for others included.  What stays on the rank is none.
struct Traffic {
  struct Moved {
    double sent = 0.0, received = 0.0, seconds = 0.0;
  };
  Moved& operator[](TrafficKind kind) { return moved[static_cast<std::size_t>(kind)]; }
  const Moved& operator[](TrafficKind kind) const { return moved[static_cast<std::size_t>(kind)]; }
  Traffic& operator+=(const Traffic& more);
  Traffic& operator-=(const Traffic& less);

  std::array<Moved, kTrafficKinds> moved = {};
};

}  // namespace warmstart
