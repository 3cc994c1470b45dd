#pragma once

#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// Adds to `table` [.., width] rows that microbatches have each: `rows` [n, width] belong to the ids of `lookup`.  A row
// of the table gets the sum over microbatches, added as TreeSum adds leaves; a microbatch without it is skipped, which
// adds the bits of a zero.  float32 or float64; more than one microbatch on the CPU only.
void add_tree_of_rows(at::Tensor table, const at::Tensor& rows, const IdLookup& lookup);

}  // namespace warmstart
