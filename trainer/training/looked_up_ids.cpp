#include "trainer/training/looked_up_ids.h"

#include <ATen/ATen.h>

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
  at::Tensor ids(IdsOf of) const { return at::tensor(std::vector<std::int64_t>(ids_[of].begin(), ids_[of].end())); }

 private:
  void note(IdsOf of, const Lookup& lookup) const { ids_[of].insert(lookup.all.begin(), lookup.all.end()); }
  mutable std::map<IdsOf, std::set<std::int64_t>> ids_;
};

}  // namespace

std::vector<at::Tensor> looked_up_ids(const Evaluation& evaluation, const ShardedTables& tables) {
  const LookupNotes notes;
  if (!evaluation.ranks_all()) evaluation.run(notes);
  std::vector<at::Tensor> ids;
  for (const auto& list : tables.lists())
    ids.push_back(evaluation.ranks_all() ? at::arange(list.ids(), at::kLong) : notes.ids(list.ids_of()).to(at::kLong));
  return ids;
}

}  // namespace warmstart
