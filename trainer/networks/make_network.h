#pragma once

#include <memory>

#include "trainer/networks/network.h"

namespace warmstart {

std::unique_ptr<Network> make_network(const NetworkParts& parts);

}  // namespace warmstart
