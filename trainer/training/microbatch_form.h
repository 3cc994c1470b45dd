#pragma once

#include "cluster/communicator.h"
#include "data/dataset.h"
#include "trainer/learner/learner.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// How a rank computes its microbatches.
enum class MicrobatchForm {
  kOneByOne,    // each padded to its own longest support and query
  kTogether,    // as one batch, those of all ranks padded alike
  kSharedRows,  // as one batch, with rows that are encoded once a meta-step for all tasks of all ranks (RowBlocks)
};

// Collective.  The form for a model: shared rows where only heads adapt and rows are entities; else together where a
// microbatch alone has too little work to be worth calling the operators for.  One by one where any rank's products are
// not the task kernels' (on GPUs, in bfloat16, on a processor without AVX2).
MicrobatchForm microbatch_form(const Learner& model, const Dataset& dataset, const TrainOptions& options,
                               Communicator& group);

// That of one rank alone, whose parameters are on the CPU or not.
MicrobatchForm form_of_rank(const Learner& model, const Dataset& dataset, const TrainOptions& options, bool on_cpu);

}  // namespace warmstart
