#include "trainer/training/looked_up_ids.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace warmstart {

void LookedUpIds::add(const EpisodeBatch& batch) {
  const auto note = [&](IdsOf of, const Lookup& lookup) { ids_[of].insert(lookup.all.begin(), lookup.all.end()); };
  note(IdsOf::kKeys, batch.key_lookup);
  note(IdsOf::kRows, batch.rows.lookup);
  note(IdsOf::kTasks, batch.descriptions.lookup);
}

void LookedUpIds::add(const Request& request) {
  for (const auto* rows : {&request.support, &request.query}) {
    const auto& ids = rows->ids.padded;
    if (!ids.defined()) continue;
    add(IdsOf::kKeys, ids.narrow(-1, 0, 1));  // the key comes first in each row
    add(IdsOf::kRows, ids);
  }
  add(IdsOf::kTasks, request.descriptions.ids.padded);
}

void LookedUpIds::add(IdsOf of, const at::Tensor& ids) {
  if (!ids.defined()) return;
  const auto list = ids.contiguous();
  const auto* first = list.const_data_ptr<std::int64_t>();
  ids_[of].insert(first, first + list.numel());
  ids_[of].insert(0);
}

std::vector<at::Tensor> LookedUpIds::of(const std::vector<IdRange>& kinds) const {
  std::vector<at::Tensor> ids;
  for (const auto& kind : kinds) {
    const auto found = ids_.find(kind.ids_of);
    ids.push_back(found == ids_.end() ? at::empty({0}, at::kLong)
                                      : at::tensor(std::vector(found->second.begin(), found->second.end()), at::kLong));
  }
  return ids;
}

std::vector<at::Tensor> looked_up_ids(const std::vector<const Evaluation*>& evaluations,
                                      const std::vector<IdRange>& kinds, bool catalogue_is_encoded) {
  const bool all = !catalogue_is_encoded && std::any_of(evaluations.begin(), evaluations.end(),
                                                        [](const auto* each) { return each->ranks_all(); });
  LookedUpIds looked_up;
  std::vector<at::Tensor> ids;
  if (all) {
    for (const auto& kind : kinds) ids.push_back(at::arange(kind.ids, at::kLong));
    return ids;
  }
  for (const auto* evaluation : evaluations)
    evaluation->for_each_batch([&](const EpisodeBatch& batch) { looked_up.add(batch); });
  return looked_up.of(kinds);
}

}  // namespace warmstart
