#pragma once

#include <memory>

#include "serving/onnx_runtime.h"
#include "serving/request.h"
#include "serving/traced_model.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

// An exported graph, in ONNX Runtime, as what can be evaluated: of what a batch holds it is asked in its own inputs.
class ServedRecommender : public Recommender {
 public:
  // `inputs`: of the graph in one call.
  ServedRecommender(const Schema& schema, std::vector<GraphValue> inputs, std::unique_ptr<OnnxSession> session)
      : schema_(schema), inputs_(std::move(inputs)), session_(std::move(session)) {}

  Predictions predict(const EpisodeBatch& batch) const override;

 private:
  Schema schema_;
  std::vector<GraphValue> inputs_;
  std::unique_ptr<OnnxSession> session_;
};

// What a batch would be as a request.
std::vector<RequestTask> request_tasks(const Schema& schema, const EpisodeBatch& batch);

}  // namespace warmstart
