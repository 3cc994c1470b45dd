#pragma once

#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// The gradient [rows, width] of a table, from that of the rows that microbatches looked up, [n, width]: each row's are
// added over microbatches as the leaves of TreeSum's tree.  A microbatch without the row is skipped, which adds the bits
// of a zero.
at::Tensor table_gradient(const at::Tensor& of_looked_up, const IdLookup& lookup, std::int64_t rows);

}  // namespace warmstart
