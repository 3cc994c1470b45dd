#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "serving/catalogue.h"
#include "serving/onnx_runtime.h"
#include "serving/request.h"
#include "serving/torchscript.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// A request of a data set's own rows, and what the code that trained the model says of it.
struct CheckedRequest {
  NamedValues request, answer;  // the second: scores and, where the model tells them, deviations; [T, Q]
  at::Tensor mask;              // [T, Q]: 1 for a candidate, 0 for padding
};

// Ragged batches of the data set's tasks that were never trained on, where there are any: from none to `most_support`
// support rows.
std::vector<CheckedRequest> checked_requests(const Learner& model, const Dataset& dataset, std::int64_t most_support);

// One graph, as everything that can run it says.
struct RunnableGraph {
  const TorchScript* script;
  const TracedModel* model;
  std::filesystem::path onnx;  // its file
};

// The largest difference, relative where values are above 1, between the trainer's answers and those of the graphs in
// one call and in two; on random requests with unknown ids and missing values, between LibTorch and ONNX Runtime, which
// must agree, too, on which scores of extreme numbers are numbers; and, where the catalogue is ranked, between that and
// scores of the same entities.  ONNX Runtime, which may be null, holds one graph at a time.  Throws DataError where an
// answer is not finite.
double largest_difference(const std::vector<RunnableGraph>& graphs, const std::vector<CheckedRequest>& requests,
                          const Catalogue& catalogue, const std::shared_ptr<OnnxRuntime>& runtime);

}  // namespace warmstart
