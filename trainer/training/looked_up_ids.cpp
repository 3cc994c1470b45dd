#include "trainer/training/looked_up_ids.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

namespace warmstart {
namespace {

// Predicts nothing, and notes what a model would look up.
class LookupNotes : public Recommender {
 public:
  Predictions predict(const EpisodeBatch& batch) const override {
    note(IdsOf::kKeys, batch.key_lookup);
    note(IdsOf::kRows, batch.rows.lookup);
    note(IdsOf::kTasks, batch.descriptions.lookup);
    return {at::zeros({batch.tasks, batch.query.width})};
  }
  at::Tensor ids(IdsOf of) const {
    return at::tensor(std::vector<std::int64_t>(ids_[of].begin(), ids_[of].end()), at::kLong);
  }

 private:
  void note(IdsOf of, const Lookup& lookup) const { ids_[of].insert(lookup.all.begin(), lookup.all.end()); }
  mutable std::map<IdsOf, std::set<std::int64_t>> ids_;
};

}  // namespace

std::vector<at::Tensor> looked_up_ids(const std::vector<const Evaluation*>& evaluations,
                                      const std::vector<IdRange>& kinds) {
  const LookupNotes notes;
  const bool all =
      std::any_of(evaluations.begin(), evaluations.end(), [](const auto* each) { return each->ranks_all(); });
  if (!all)
    for (const auto* evaluation : evaluations) evaluation->run(notes);
  std::vector<at::Tensor> ids;
  for (const auto& kind : kinds) ids.push_back(all ? at::arange(kind.ids, at::kLong) : notes.ids(kind.ids_of));
  return ids;
}

}  // namespace warmstart
