#pragma once

#include <string>

#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// The weighted sums of the rows' embeddings, of the table's width: [.., width].
at::Tensor embed(const BatchParameters& parameters, const std::string& table, const IdBags& bags);

// The same of `bags` by field (Rows::by_field): [.., fields, width].
at::Tensor embed_by_field(const BatchParameters& parameters, const std::string& table, const IdBags& bags,
                          std::int64_t fields);

}  // namespace warmstart
