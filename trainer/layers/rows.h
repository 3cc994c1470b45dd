#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "trainer/layers/dropout.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// The row that each id belongs to; for bags with offsets.
at::Tensor row_of_each_id(const IdBags& bags);

// The fields of rows that say something of one thing: of the entity, of the user, or of the row alone.
struct RowPart {
  FieldOf of;
  std::vector<std::int64_t> first_ids;  // where each categorical field's ids begin, of all parts
  std::vector<std::int64_t> fields;     // which of those are its own
  std::vector<std::int64_t> dense;      // which columns of the dense fields are
  bool is_empty() const { return fields.empty() && dense.empty(); }
};
RowPart row_part(const FeatureLayout& layout, FieldOf of);

// Rows of a batch: the rows [N] that are distinct within a microbatch, or the tasks' rows [T, R] as places among them.
// What does not depend on a task is computed of each distinct row once, and gathered.
class Rows {
 public:
  // The distinct rows.  `dropout` is null outside of training, and both outlive all rows that are made from these.
  Rows(const TensorBatch& batch, const Dropout* dropout);

  // A request's rows [T, R], each computed by itself by operators alone, whatever T and R; tasks adapt to
  // `support_rows`, or to these where there are none.
  explicit Rows(const FeatureTensors& rows, const Rows* support_rows = nullptr);

  // What these rows are about, each once, with the fields of the part alone, as rows of their own: the distinct
  // entities or users of a microbatch, of which the first row speaks for all.  Of a request, of what has no user and of
  // the row alone, each distinct row.
  Rows part(const RowPart& part) const;
  // `values` [G, ..] of part(): those that belong to these rows.
  at::Tensor of_part(FieldOf of, const at::Tensor& values) const;

  const Microbatches& microbatches() const;

  // The rows at `place` [T, R]; tasks adapt to those at `support_place` [T, S].
  Rows placed(const at::Tensor& place, const at::Tensor& support_place) const;

  // Of the distinct rows.
  const IdBags& fields() const;  // of all categorical fields: the key's id comes first, weighing 0 where it is unknown
  const IdBags& keys() const;    // of the key alone
  const at::Tensor& distinct_dense() const;  // [N, F]

  // Those of fields(), a bag for each field of each distinct row: `first_ids` [F] says where each field's ids begin, in
  // rising order.  Of a request the weights are [.., F, I], of the same ids.
  const IdBags& by_field(const std::vector<std::int64_t>& first_ids) const;

  at::Tensor dense() const;         // [.., F]
  at::Tensor unknown_keys() const;  // [.., 1]: 1 where the key is unknown, else 0

  // What `compute` makes of the distinct rows, [N, ..], at these rows: [T, R, ..].  Computed once a batch for each
  // name.
  at::Tensor shared(const std::string& name, const std::function<at::Tensor()>& compute) const;

  // What microbatches have each, `values` [M, ..], at these rows: [T, 1, ..] or [N, ..]; of a request [1, 1, ..].
  at::Tensor of_microbatches(const at::Tensor& values) const;

  // `distinct` [N, ..] at these rows.
  at::Tensor gathered(const at::Tensor& distinct) const;

  // The dropout mask number `number` [.., width]; undefined outside of training.
  at::Tensor mask(std::uint64_t number, std::int64_t width) const;

  // How much of the same ids each of these rows has with each support row: the sum over pairs of equal ids of their
  // weights' products, [T, R, S].
  at::Tensor same_ids(const IdBags& bags) const;
  at::Tensor same_ids_by_field(
      const std::vector<std::int64_t>& first_ids) const;  // of each field by itself: [T, F, R, S]

 private:
  struct Distinct;
  Rows(std::shared_ptr<Distinct> distinct, at::Tensor place, at::Tensor support_place);

  Rows part_of_request(const RowPart& part) const;

  // What `products` [.., N_m, N_m] of each microbatch's distinct rows say of these rows and their tasks' support rows:
  // [.., T_m, R, S].
  std::vector<at::Tensor> of_pairs(const std::vector<at::Tensor>& products) const;

  std::shared_ptr<Distinct> distinct_, support_;  // the second: a request's support rows
  at::Tensor place_, support_place_;              // undefined: these are the distinct rows
  std::shared_ptr<std::map<std::string, at::Tensor>> gathered_;
};

// The rows that a network may look at beside a row itself: the task's support.
struct History {
  Rows rows;              // [T, S]
  at::Tensor may_attend;  // [T, R, S], or [T, 1, S] for all rows: 1 where a row may look at a support row, else 0
};

}  // namespace warmstart
