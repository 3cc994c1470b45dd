#pragma once

#include <string>

namespace warmstart {

// As the kernel names it.
std::string host_name();

// As Slurm names this node, else as the kernel does.
std::string node_name();

}  // namespace warmstart
