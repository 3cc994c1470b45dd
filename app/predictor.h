#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/configuration.h"
#include "app/opened_run.h"
#include "app/prediction_tables.h"
#include "serving/model_repository.h"
#include "serving/served_model.h"
#include "trainer/training/catalogue_rounds.h"

namespace warmstart {

// The model that is asked for recommendations, exported or of a run.  A run's model computes by itself, and has of its
// sharded tables the rows that were brought.
class Predictor {
 public:
  // `cut`: of the catalogue, for a run with sharded tables.  Throws UsageError unless the settings name one model.
  explicit Predictor(const Configuration& configuration,
                     const CatalogueCut& cut = {.block = ServedModel::kScoredAtOnce});

  const Catalogue& catalogue() const { return exported_ ? exported_->catalogue() : *catalogue_; }
  ServedModel model() const { return {catalogue(), functions_}; }
  std::int64_t most_support() const { return most_support_; }
  const OpenedRun* run() const { return run_.get(); }                // null where the model is exported
  const ExportedModel* exported() const { return exported_.get(); }  // null where it is of a run

  // In which the catalogue's entities are to be ranked: one, unless sharded tables want more.
  CatalogueRounds rounds() const;
  // Reads the rows of sharded tables that the tasks and these entities of the catalogue look up, in place of those that
  // were brought before.
  void bring(const std::vector<AskedTask>& tasks, EntityRange entities = {0, 0}) const;

 private:
  CatalogueCut cut_;
  std::unique_ptr<ExportedModel> exported_;
  std::unique_ptr<OpenedRun> run_;
  std::unique_ptr<Catalogue> catalogue_;
  ModelFunctions functions_;
  std::int64_t most_support_ = 0;
};

}  // namespace warmstart
