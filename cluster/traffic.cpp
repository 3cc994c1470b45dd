#include "cluster/traffic.h"

namespace warmstart {

Traffic& Traffic::operator+=(const Traffic& more) {
  for (std::size_t kind = 0; kind < kTrafficKinds; ++kind) {
    bytes[kind].sent += more.bytes[kind].sent;
    bytes[kind].received += more.bytes[kind].received;
  }
  return *this;
}

Traffic& Traffic::operator-=(const Traffic& less) {
  for (std::size_t kind = 0; kind < kTrafficKinds; ++kind) {
    bytes[kind].sent -= less.bytes[kind].sent;
    bytes[kind].received -= less.bytes[kind].received;
  }
  return *this;
}

}  // namespace warmstart
