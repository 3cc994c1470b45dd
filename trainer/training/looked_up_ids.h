#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <vector>

#include "trainer/evaluation/evaluation.h"
#include "trainer/layers/table_declaration.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// The ids of sharded tables that batches and requests look up.
class LookedUpIds {
 public:
  void add(const EpisodeBatch& batch);
  // Also id 0: what is asked next may leave fields out.
  void add(const Request& request);
  // Those of each kind, int64, ascending and distinct.
  std::vector<at::Tensor> of(const std::vector<IdRange>& kinds) const;

 private:
  void add(IdsOf of, const at::Tensor& ids);

  std::map<IdsOf, std::set<std::int64_t>> ids_;
};

// The ids of each kind that this rank's tasks of some evaluations look up, likewise: all ids where the candidates are
// all entities, unless these have been encoded before.
std::vector<at::Tensor> looked_up_ids(const std::vector<const Evaluation*>& evaluations,
                                      const std::vector<IdRange>& kinds, bool catalogue_is_encoded);

}  // namespace warmstart
