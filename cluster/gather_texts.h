#pragma once

#include <string>
#include <vector>

#include "cluster/communicator.h"

namespace warmstart {

// Collective.  Every rank's text, of any length, in the order of the ranks.  Of a group whose tensors live on the CPU.
std::vector<std::string> gather_texts(Communicator& group, const std::string& own);

}  // namespace warmstart
