#pragma once

#include <string>

#include "serving/catalogue.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// Why a model's entities cannot be encoded ahead of all tasks, so that ranking them is one product; empty where they
// can.
std::string not_encoded_because(const Learner& model);

// The encoding of all entities, in the catalogue's order, each told by its own fields: [N, ..].  PlainArithmetic
// stands.
Encoding encoded_catalogue(const Learner& model, const BatchParameters& parameters, const Catalogue& catalogue);

}  // namespace warmstart
