#include "base/host.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "base/errors.h"

namespace warmstart {
namespace {

// Version 2 and version 1 of control groups, as seen from inside a container; "max" or an absent file is no limit.
double control_group_bytes() {
  double least = std::numeric_limits<double>::infinity();
  for (const auto* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    if (double bytes = 0; file >> bytes && bytes > 0) least = std::min(least, bytes);
  }
  return least;
}

}  // namespace

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string node_name() {
  const char* node = std::getenv("SLURMD_NODENAME");
  return node ? node : host_name();
}

std::int64_t host_cores() { return std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)); }

std::int64_t usable_cores() {
  cpu_set_t cores;
  // A host of more than 1024 cores does not fit the set.
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : host_cores();
}

double host_memory_bytes() {
  const double physical = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return std::min(physical, control_group_bytes());
}

std::string in_units(double bytes) {
  if (bytes < 1e9) return fmt::format("{:.{}f} MB", bytes / 1e6, bytes < 1e7 ? 2 : 0);
  return bytes < 1e12 ? fmt::format("{:.4g} GB", bytes / 1e9) : fmt::format("{:.4g} TB", bytes / 1e12);
}

void require_memory(double bytes, const std::string& what) {
  const double most = host_memory_bytes();
  require(bytes <= most,
          fmt::format("{} would take {} of memory or more; this host has {}", what, in_units(bytes), in_units(most)));
}

}  // namespace warmstart
