#pragma once

#include "trainer/adaptation/adapt_options.h"
#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// What a task keeps of its support rows where a readout compares rows with them, each by a key.  A row's output is the
// head's, and the support's values weighed by how alike their rows are to it, e in (0, 1], with kappa rows that are
// just like it and have the value 0 among them, so that a few rows that are unlike it do not decide:
//
//   output = head's + factor * sum e_i value_i / (kappa + sum e_i)
struct SupportMemory {
  at::Tensor keys;          // [T, S, D]
  at::Tensor values;        // [T, S, C], 0 where padded
  at::Tensor mask;          // [T, S]
  at::Tensor context = {};  // in full context (FullContext), what query rows look at [T, S, D]; else undefined
};

// The keys of rows with these features [.., D]: of matching, each of length 1.
at::Tensor row_keys(ReadoutKind readout, const at::Tensor& features);

// The distances of rows [T, R, D] from a memory's: [T, R, S], in the features' unit, smooth where they are 0.
at::Tensor distances(const at::Tensor& keys, const SupportMemory& memory);

// How much each support row counts for rows with these keys [T, R, D], with the factor: [T, R, S], 0 where
// padded.
at::Tensor support_weights(ReadoutKind readout, const at::Tensor& keys, const SupportMemory& memory,
                           const BatchParameters& parameters);

// Declares those, which are above 0, and the factor of values: e is exp(sharpness (cosine - 1)) for matching,
// exp(-sharpness distance) for siamese.
void add_readout(ReadoutKind readout, Parameters& parameters);
at::Tensor readout_scalar(const BatchParameters& parameters, const char* name, std::int64_t tasks);  // [T, 1, 1]

}  // namespace warmstart
