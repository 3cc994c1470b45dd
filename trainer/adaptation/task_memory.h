#pragma once

#include "trainer/adaptation/description.h"
#include "trainer/adaptation/row_set.h"

namespace warmstart {

// Where a task starts by the known tasks that are nearest to it: a memory of learned prototypes, each with a key and a
// head, from which a task reads a mixture that joins its head (Dong et al. 2020, MAMO, whose memories are read so; they
// are learned here by gradient, as all else).  Of a task with n support rows, what its description says, d, and what
// its rows say as a set (RowSet), s:
//
//   query = Q [d; s / (n + kappa)] + q,   head + V' softmax(K query)
//
// for each output, by the same Q, K and V,
// with keys K [prototypes, width] and heads V [prototypes, D + 1].  What a row changes in the mixture as it is read,
// one after the other, is its share.
class TaskMemory : public Stage {
 public:
  // `inputs` wide rows; `width` of the description, of the set, and of a query.
  TaskMemory(const FeatureLayout& layout, std::int64_t prototypes, std::int64_t width, std::int64_t features,
             std::int64_t inputs, Initialiser& draw, Parameters& parameters, EmbeddingSource& tables);

  std::vector<std::string> row_parts() const override { return {set_.row_part()}; }
  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  Description description_;
  RowSet set_;
};

}  // namespace warmstart
