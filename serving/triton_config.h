#pragma once

#include <string>

#include "serving/traced_model.h"

namespace warmstart {

// config.pbtxt of a graph: inputs and outputs with all sizes free that requests choose; the two newest versions are
// served, so that a client can roll back.
std::string triton_config(const std::string& name, const TracedModel& model);

}  // namespace warmstart
