#pragma once

#include <string>

#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// The weighted sums of the rows' embeddings, of the table's width: [.., width].
at::Tensor embed(const BatchParameters& parameters, const std::string& table, const IdBags& bags);

}  // namespace warmstart
