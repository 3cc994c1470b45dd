#include "serving/model_functions.h"

#include <ATen/core/grad_mode.h>

#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {
namespace {

std::vector<at::Tensor> values_of_part(const Schema& schema, RequestPart part, const NamedValues& values) {
  std::vector<at::Tensor> in_order;
  for (const auto& input : request_inputs(schema, part)) in_order.push_back(values.at(input.name));
  return in_order;
}

NamedValues computed(const Learner& model, GraphKind kind, const NamedValues& values) {
  const c10::NoGradGuard no_grad;
  const PlainArithmetic plain;
  const auto parameters = model.request_parameters();
  const auto request = request_of_values(model.schema(), values);
  if (kind == GraphKind::kAdapt) return model.memory(parameters, request);
  const auto outputs = outputs_of(kind == GraphKind::kModel ? model.answer(parameters, request)
                                                            : model.answer(parameters, request, values));
  return {outputs.begin(), outputs.end()};
}

}  // namespace

ModelFunctions functions_of(const std::map<GraphKind, TorchScript>& graphs) {
  ModelFunctions functions;
  for (const auto& [kind, graph] : graphs)
    functions[kind] = [&graph = graph](const NamedValues& values) { return graph.run(values); };
  return functions;
}

ModelFunctions functions_of(Learner& model) {
  keep_values_alone(model);
  ModelFunctions functions;
  for (const auto kind : {GraphKind::kModel, GraphKind::kAdapt, GraphKind::kScore})
    functions[kind] = [&model, kind](const NamedValues& values) { return computed(model, kind, values); };
  return functions;
}

Request request_of_values(const Schema& schema, const NamedValues& values) {
  Request request;
  add_task(request, schema, values_of_part(schema, RequestPart::kSupport, values),
           values_of_part(schema, RequestPart::kTask, values));
  request.query =
      request_features(schema, RequestPart::kCandidates, values_of_part(schema, RequestPart::kCandidates, values));
  return request;
}

}  // namespace warmstart
