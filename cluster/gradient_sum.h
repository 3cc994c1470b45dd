// The sum of microbatch gradients in one order that no world size changes.
//
// The parts of a meta-batch are the leaves of one binary tree over
// 0..microbatches-1.  A rank owns an aligned block of leaves and adds it up as
// a subtree; sum_in_fixed_order adds the ranks' subtrees.  So every world size
// that divides the number of microbatches into such blocks gives the same bits.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cluster/communicator.h"

namespace warmstart {

// Adds tensors that arrive one by one as the leaves of a binary tree, holding
// one partial sum a level (as a binary counter does).
class TreeSum {
 public:
  // Takes the tensor over: its memory is used for the sum.
  void add(at::Tensor leaf);

  // The sum of all leaves added since the last take().  Throws std::logic_error if there were none.
  at::Tensor take();

 private:
  std::vector<std::pair<int, at::Tensor>> partial_;  // level, sum
};

// The sum over the first dimension, in the same order: leaves [n, ..] -> [..].
at::Tensor sum_as_tree(const at::Tensor& leaves);

// Microbatches [first, first + count) of `rank`: contiguous, and an aligned
// block when the world size is a power of two that is at most `microbatches`.
struct MicrobatchRange {
  int first, count;
};
MicrobatchRange microbatches_of(int rank, int ranks, int microbatches);

// Whether a run on `ranks` gives the same bits as one on any other world size for which this holds.
bool bits_are_independent_of_ranks(int ranks, int microbatches);

// Collective.  Replaces `tensor` (one dimension, contiguous, float32 or float64)
// by the sum over all ranks, added as a binary tree over the ranks: slices are
// exchanged, added in order, and the sums gathered, which moves as many bytes
// as a ring all-reduce.  The result has the same bits on every rank.
void sum_in_fixed_order(at::Tensor& tensor, Communicator& group);

// How gradients are added over ranks: in one fixed order, or in the transport's own (MPI's, NCCL's), which may change
// with the world size.
enum class Reduction { kFixedOrder, kTransport };
NLOHMANN_JSON_SERIALIZE_ENUM(Reduction, {{Reduction::kFixedOrder, "fixed-order"}, {Reduction::kTransport, "transport"}})

// Collective.  Replaces `tensor` by the sum over all ranks.  Where the group's tensors live elsewhere, it goes there
// and back.
void sum_over_ranks(at::Tensor& tensor, Communicator& group, Reduction reduction);

}  // namespace warmstart
