#pragma once

#include <cstdint>
#include <string>

namespace warmstart {

// As the kernel names it.
std::string host_name();

// As Slurm names this node, else as the kernel does.
std::string node_name();

// The processor cores of this host, and those of them that this process may use.
std::int64_t host_cores();
std::int64_t usable_cores();

// The memory that this process can have at most: the host's, or what its control group allows, where that is less.
double host_memory_bytes();

// "12 MB", "1.5 GB".
std::string in_units(double bytes);

// Throws UsageError naming `what` and both figures when `bytes` are more than host_memory_bytes().  `bytes` is a
// floating-point number, so that products of options cannot overflow.
void require_memory(double bytes, const std::string& what);

}  // namespace warmstart
