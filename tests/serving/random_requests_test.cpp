// Exported graphs are asked anything: a request that holds what it should has a finite answer, and any other an error.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/errors.h"
#include "base/files.h"
#include "base/random.h"
#include "serving/onnx_model.h"
#include "serving/onnx_runtime.h"
#include "serving/traced_model.h"
#include "tests/support/random_batch.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

constexpr int kRequests = 2500;  // of each method

ModelOptions method(NetworkKind network, std::vector<StageKind> stages, Scope scope = Scope::kHead) {
  ModelOptions options;
  options.network.kind = network;
  options.network.embedding = 6;
  options.network.tower = {5};
  options.adapt.stages = std::move(stages);
  options.adapt.inner.scope = scope;
  return options;
}

enum class Fault { kNone, kMissing, kSurplus, kType, kRank, kTasks };

// Requests drawn one after the other.
class RequestSource {
 public:
  // Steps on all layers diverge on rows a hundred deviations away: they are asked without.
  RequestSource(std::vector<GraphValue> inputs, bool extremes) : inputs_(std::move(inputs)), extremes_(extremes) {}

  std::map<std::string, at::Tensor> next() {
    sizes_ = {{kTasksSize, 1 + below(3)}, {kSupportSize, below(9)}, {kCandidatesSize, below(9)}};
    std::map<std::string, at::Tensor> request;
    for (const auto& input : inputs_) request[input.name] = values_of(input);
    return request;
  }

  Fault spoil(std::map<std::string, at::Tensor>& request) {
    auto found = request.begin();
    std::advance(found, below(static_cast<std::int64_t>(request.size())));
    auto& value = found->second;
    const auto fault = static_cast<Fault>(1 + below(5));
    if (fault == Fault::kMissing) request.erase(found);
    if (fault == Fault::kSurplus) request["surplus"] = at::zeros({1});
    if (fault == Fault::kType) value = value.to(value.scalar_type() == at::kLong ? at::kFloat : at::kLong);
    if (fault == Fault::kRank) value = value.unsqueeze(0);
    if (fault == Fault::kTasks) value = at::cat({value, value, value, value});
    return fault;
  }

 private:
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(end)));
  }

  at::Tensor values_of(const GraphValue& input) {
    std::vector<std::int64_t> sizes;
    for (const auto& size : input.sizes) sizes.push_back(sizes_.contains(size) ? sizes_.at(size) : below(4));
    auto values = at::zeros(sizes, input.is_ids ? at::kLong : at::kFloat);
    auto flat = values.view({-1});
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      if (input.is_ids)
        flat.mutable_data_ptr<std::int64_t>()[i] = any_id();
      else
        flat.mutable_data_ptr<float>()[i] =
            input.name == kSupportLabel ? static_cast<float>(below(21) - 10) : any_number();
    }
    return values;
  }

  std::int64_t any_id() {
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t extremes[] = {0, -1, Limits::max(), Limits::min(), 1LL << 40};
    return below(4) == 0 ? extremes[below(5)] : below(8);
  }

  float any_number() {
    using Limits = std::numeric_limits<float>;
    const float extremes[] = {NAN, Limits::infinity(), -Limits::infinity(), Limits::max(), 0.5f, -1.0f};
    return extremes_ && below(4) == 0 ? extremes[below(6)] : static_cast<float>(below(3));
  }

  std::vector<GraphValue> inputs_;
  bool extremes_;
  std::map<std::string, std::int64_t> sizes_;
  RandomStream random_{11, Purpose::kSynthesize};
};

class RandomRequests : public testing::TestWithParam<ModelOptions> {};

TEST_P(RandomRequests, HaveAFiniteAnswerOrAnError) {
  Learner learner(random_batch_schema(), GetParam(), 3);
  const auto model = trace(learner)[0];
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.onnx";
  write_onnx_model(model, path);
  const auto runtime = OnnxRuntime::load();
  ASSERT_TRUE(runtime) << "run scripts/setup";
  const OnnxSession session(runtime, path);
  std::vector<std::string> outputs;
  for (const auto& output : model.outputs) outputs.push_back(output.name);
  RequestSource source(model.inputs, GetParam().adapt.inner.scope == Scope::kHead);
  int refused = 0;
  for (int number = 0; number < kRequests; ++number) {
    auto request = source.next();
    const auto fault = number % 3 == 0 ? source.spoil(request) : Fault::kNone;
    try {
      for (const auto& answer : session.run(request, outputs))
        ASSERT_TRUE(answer.isfinite().all().item<bool>()) << "request " << number;
      // The runtime spreads one task's values over several tasks.
      ASSERT_TRUE(fault == Fault::kNone || fault == Fault::kTasks) << "request " << number << static_cast<int>(fault);
    } catch (const DataError& error) {
      ASSERT_NE(fault, Fault::kNone) << "request " << number << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, kRequests / 5);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, RandomRequests,
    testing::Values(method(NetworkKind::kTwoTower, {StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge}),
                    method(NetworkKind::kMlp, {StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kKernel}),
                    method(NetworkKind::kMlp, {StageKind::kPrior, StageKind::kSteps}, Scope::kAll),
                    method(NetworkKind::kMf, {StageKind::kPrior, StageKind::kSteps}),
                    method(NetworkKind::kMlp, {StageKind::kPrior, StageKind::kLstm}),
                    method(NetworkKind::kMf, {StageKind::kTaskMemory, StageKind::kGru, StageKind::kSteps})));

}  // namespace
}  // namespace warmstart
