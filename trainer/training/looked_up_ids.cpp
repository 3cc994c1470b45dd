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

std::int64_t ids_of_list(const ShardedTables& tables, std::size_t list) {
  for (const auto& table : tables.list())
    if (tables.list_of(table) == list) return table.ids;
  return 0;
}

}  // namespace

std::vector<at::Tensor> looked_up_ids(const Evaluation& evaluation, const ShardedTables& tables) {
  const LookupNotes notes;
  if (!evaluation.ranks_all()) evaluation.run(notes);
  std::vector<at::Tensor> ids;
  for (std::size_t list = 0; list < tables.lists().size(); ++list)
    ids.push_back(evaluation.ranks_all() ? at::arange(ids_of_list(tables, list), at::kLong)
                                         : notes.ids(tables.lists()[list]).to(at::kLong));
  return ids;
}

}  // namespace warmstart
