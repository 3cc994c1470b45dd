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

// Bytes by kind.  What stays on the rank is none.
struct Traffic {
  struct Bytes {
    double sent = 0.0, received = 0.0;
  };
  Bytes& operator[](TrafficKind kind) { return bytes[static_cast<std::size_t>(kind)]; }
  const Bytes& operator[](TrafficKind kind) const { return bytes[static_cast<std::size_t>(kind)]; }
  Traffic& operator+=(const Traffic& more);
  Traffic& operator-=(const Traffic& less);

  std::array<Bytes, kTrafficKinds> bytes = {};
};

}  // namespace warmstart
