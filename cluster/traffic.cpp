#include "cluster/traffic.h"

namespace warmstart {

Traffic& Traffic::operator+=(const Traffic& more) {
  for (std::size_t kind = 0; kind < kTrafficKinds; ++kind) {
    moved[kind].sent += more.moved[kind].sent;
    moved[kind].received += more.moved[kind].received;
    moved[kind].seconds += more.moved[kind].seconds;
  }
  return *this;
}

Traffic& Traffic::operator-=(const Traffic& less) {
  for (std::size_t kind = 0; kind < kTrafficKinds; ++kind) {
    moved[kind].sent -= less.moved[kind].sent;
    moved[kind].received -= less.moved[kind].received;
    moved[kind].seconds -= less.moved[kind].seconds;
  }
  return *this;
}

}  // namespace warmstart
