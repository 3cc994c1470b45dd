#include "base/host.h"

#include <unistd.h>

#include <cstdlib>

namespace warmstart {

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string node_name() {
  const char* node = std::getenv("SLURMD_NODENAME");
  return node ? node : host_name();
}

}  // namespace warmstart
