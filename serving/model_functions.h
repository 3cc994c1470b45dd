// A model's functions, whatever computes them.

#pragma once

#include <functional>
#include <map>

#include "serving/request.h"
#include "serving/torchscript.h"

namespace warmstart {

// Outputs by name, of inputs by name, of which there may be more.
using ModelFunction = std::function<NamedValues(const NamedValues& values)>;
using ModelFunctions = std::map<GraphKind, ModelFunction>;

// Those that graphs compute, which outlive them.
ModelFunctions functions_of(const std::map<GraphKind, TorchScript>& graphs);

// kModel, kAdapt and kScore of a model that outlives them, which it computes itself, to the bits of its graphs.  Of its
// tables it has to have the rows that a request looks up, and no others.  Its parameters are kept by their values
// alone.
ModelFunctions functions_of(Learner& model);

// What the model takes for these inputs, of all parts.
Request request_of_values(const Schema& schema, const NamedValues& values);

}  // namespace warmstart
