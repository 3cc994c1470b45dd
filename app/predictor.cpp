#include "app/predictor.h"

#include <algorithm>

#include "base/errors.h"
#include "base/json.h"
#include "trainer/training/looked_up_ids.h"

namespace warmstart {

Predictor::Predictor(const Configuration& configuration, const CatalogueCut& cut) : cut_(cut) {
  const auto& settings = configuration.predict;
  require(settings.model.empty() != settings.run.empty(),
          "predict wants one of predict.model (an exported model) and predict.run (a run)");
  if (settings.run.empty()) {
    exported_ = std::make_unique<ExportedModel>(settings.model);
    most_support_ = integer_at(exported_->description(), "most_support", 1);
    functions_ = functions_of(exported_->graphs());
    return;
  }
  run_ = std::make_unique<OpenedRun>(settings.run, configuration, configuration.train.tables.spill);
  most_support_ = run_->most_support();
  catalogue_ = std::make_unique<Catalogue>(run_->dataset());
  functions_ = functions_of(run_->model());
}

CatalogueRounds Predictor::rounds() const {
  const auto most = run_ ? cut_.rounds(run_->bytes_of_tables(), 1) : 1;
  return {static_cast<std::int64_t>(catalogue().entities()), most, 1, cut_.block};
}

void Predictor::bring(const std::vector<AskedTask>& tasks, EntityRange entities) const {
  if (!run_ || run_->kinds().empty()) return;
  const auto& schema = catalogue().schema();
  LookedUpIds ids;
  const auto add = [&](const RequestTask& task) { ids.add(request_of_values(schema, request_of(schema, {task}))); };
  for (const auto& task : tasks) add(task.request);
  for (auto first = entities.first; first < entities.end; first += cut_.block) {
    RequestTask piece;
    piece.fields.resize(schema.fields_of(FieldOwner::kTask).size());
    for (auto entity = first; entity < std::min(first + cut_.block, entities.end); ++entity)
      piece.candidates.push_back(catalogue().candidate(static_cast<std::size_t>(entity)));
    add(piece);
  }
  run_->bring(ids.of(run_->kinds()));
}

}  // namespace warmstart
