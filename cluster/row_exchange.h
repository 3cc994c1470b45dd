#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/communicator.h"

namespace warmstart {

// Places of rows that one rank wants, ascending and distinct, of a range of places that ranks share.
struct WantedRows {
  at::Tensor places;                        // int64 [n]
  std::vector<std::int64_t> first_of_rank;  // [ranks + 1] where each rank's places begin
};

// A matrix whose rows belong to the n-th of the lists.
struct RowsOfList {
  std::size_t list;
  at::Tensor rows;  // float32 [.., width], contiguous
};

// One exchange of rows of sharded tables between the ranks that want them and those that hold them: who wants what is
// told once, then rows go to those who want them, and what comes back of them (gradients) to those who hold them.  All
// tables' rows travel together.  Members with a group are collective.
class RowExchange {
 public:
  // Tells which rows this rank wants, of each list.
  RowExchange(std::vector<WantedRows> wanted, Communicator& group);

  // What each rank wants of this one's rows of a list, one rank after the other; and how many each does.
  const at::Tensor& asked(std::size_t list) const { return asked_[list]; }
  const std::vector<std::int64_t>& asked_by_rank(std::size_t list) const { return asked_counts_[list]; }

  // `held`: the rows of asked().  Returns those that this rank wants, for each of them.
  std::vector<at::Tensor> fetch(const std::vector<RowsOfList>& held, Communicator& group) const;

  // `found`: a row for each that this rank wants.  Returns one for each of asked().
  std::vector<at::Tensor> give_back(const std::vector<RowsOfList>& found, Communicator& group) const;

 private:
  using Counts = std::vector<std::vector<std::int64_t>>;  // by list and rank
  std::vector<at::Tensor> exchange(const std::vector<RowsOfList>& sent, const Counts& sent_counts,
                                   const Counts& received_counts, Communicator& group) const;

  int ranks_;
  Counts wanted_counts_, asked_counts_;
  std::vector<at::Tensor> asked_;
};

}  // namespace warmstart
