#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cluster/communicator.h"
#include "trainer/layers/table_declaration.h"
#include "trainer/training/catalogue_rounds.h"

namespace warmstart {

// Rows of sharded tables that lie elsewhere, and of which this rank can have copies.
struct RowsElsewhere {
  std::vector<IdRange> kinds;  // of their ids
  double bytes = 0;            // of all rows, on all ranks together
  // Collective.  From now on this rank has copies of the rows of some ids, by kind, int64, ascending and distinct, and
  // of no others.
  std::function<void(const std::vector<at::Tensor>& ids)> bring;
};

// Collective.  All entities of a data set, for a learner that scores_catalogues(): each rank brings the rows of some
// blocks after the other and encodes them, and every rank gets all encodings, the same bits that a rank with all rows
// makes of them.  Copies of the last rows stay.  Throws AgreedError, also where a host has no memory for the encodings.
std::shared_ptr<const Encoding> catalogue_encoding(const Learner& learner, const Dataset& dataset,
                                                   const RowsElsewhere& rows, Communicator& group,
                                                   const CatalogueCut& cut = {});

// A learner with the encoding of a data set's entities, which it ranks by it alone.
class CataloguedLearner : public Recommender {
 public:
  // The learner outlives it.
  CataloguedLearner(const Learner& learner, std::shared_ptr<const Encoding> entities)
      : learner_(learner), entities_(std::move(entities)) {}

  Predictions predict(const EpisodeBatch& batch) const override { return learner_.predict(batch); }
  Predictions predict_labels(const EpisodeBatch& batch) const override { return learner_.predict_labels(batch); }
  std::unique_ptr<CatalogueScorer> catalogue_scorer(const Dataset& /*dataset*/) const override {
    return std::make_unique<LearnerCatalogue>(learner_, *entities_);
  }
  bool reads_order() const override { return learner_.reads_order(); }
  bool tells_distributions() const override { return learner_.tells_distributions(); }

 private:
  const Learner& learner_;
  std::shared_ptr<const Encoding> entities_;
};

}  // namespace warmstart
