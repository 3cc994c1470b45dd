#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "app/checkpoint_model.h"
#include "app/command.h"
#include "base/files.h"
#include "cluster/agreement.h"
#include "trainer/baselines/als.h"
#include "trainer/baselines/bias_model.h"
#include "trainer/baselines/fine_tuning.h"
#include "trainer/training/run_warnings.h"

namespace warmstart {
namespace {

// The results of one recommender after the other.
class Comparison {
 public:
  Comparison(const Dataset& dataset, const EvaluationOptions& options, Communicator& group)
      : dataset_(dataset), test_(dataset, Split::kTest, options, group), options_(options) {
    protocol_ = {{"dataset", dataset.folder().string()},
                 {"dataset_digest", dataset.digest()},
                 {"split", "test"},
                 {"task", dataset.schema().task},
                 {"tasks", test_.tasks()},
                 {"query", options.query},
                 {"order", options.order},
                 {"seed", options.seed}};
  }

  // Collective.  Throws AgreedError kDiverged naming the first task whose error is not finite.
  std::vector<EvaluationResult> judge(const std::string& name, const Recommender& recommender) {
    auto results = test_.run(recommender);
    for (const auto& result : results) {
      refuse_not_finite(name, result);
      rows_.emplace_back(name, result);
    }
    return results;
  }
  void note(const std::string& key, const nlohmann::json& value) { protocol_[key] = value; }

  nlohmann::json json() const {
    auto results = nlohmann::json::array();
    for (const auto& [name, result] : rows_) results.push_back(to_json(name, result));
    return {{"protocol", protocol_}, {"results", results}};
  }

  // One block a measure: recommenders down, support sizes across.
  std::string table() const {
    std::string text = fmt::format("{} {}s never seen in training, {} rows judge, by support rows:\n", test_.tasks(),
                                   protocol_["task"].get<std::string>(), options_.query);
    for (const auto* measure : TaskMetrics::kShown)
      text += block(measure, [&](const auto& result) { return std::optional(result.mean.value(measure)); });
    for (std::size_t i = 0; i < Calibration::kCount; ++i) {
      text += block(Calibration::kNames[i], [&](const auto& result) {
        return result.calibration ? std::optional(result.calibration->values()[i]) : std::nullopt;
      });
    }
    return text;
  }

 private:
  // The block has the recommenders that have the value, and is empty where none has.
  template <typename Value>
  std::string block(const char* measure, const Value& value_of) const {
    std::string rows, last;
    for (const auto& [name, result] : rows_) {
      const std::optional<double> value = value_of(result);
      if (!value) continue;
      if (name != std::exchange(last, name)) rows += fmt::format("\n{:<16}", name);
      rows += fmt::format("{:>8.4f}", *value);
    }
    if (rows.empty()) return "";
    std::string title = fmt::format("\n{:<16}", measure);
    for (const auto& support : options_.support) title += fmt::format("{:>8}", support);
    return title + rows + "\n";
  }

  void refuse_not_finite(const std::string& name, const EvaluationResult& result) const {
    if (!result.not_finite) return;
    throw AgreedError(
        ExitCode::kDiverged,
        fmt::format("{}: the error of {} '{}' with {} support rows is not finite; look for extreme values "
                    "in its rows, or train with a lower train.rate or inner.rate",
                    name, protocol_["task"].get<std::string>(), dataset_.task(*result.not_finite).key(),
                    result.support));
  }

  const Dataset& dataset_;
  Evaluation test_;
  EvaluationOptions options_;
  nlohmann::json protocol_;
  std::vector<std::pair<std::string, EvaluationResult>> rows_;
};

// By which runs with this configuration validate.  Throws UsageError for one that the labels do not take.
Measure measure_of(const Configuration& configuration, const Learner& model) {
  const auto measure = measure_of_validation(configuration.train, model.options().objective.kind);
  check(measure, model.schema().label_min, model.schema().label_max);
  return measure;
}

}  // namespace

ExitCode command_evaluate(Invocation& invocation, Communicator& group) {
  auto& configuration = invocation.configuration;
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<Learner> model, joint;
  std::unique_ptr<TrainingRows> rows;
  std::optional<BiasModel> bias;
  std::optional<Als> als;
  std::unique_ptr<Comparison> comparison;
  std::unique_ptr<Evaluation> validation;
  Measure measure = Measure::kMae;
  agree(group, [&] {
    if (configuration.data.dataset.empty())
      throw UsageError("data.dataset is not set: name the folder of the data set");
    check(configuration.als);
    check(configuration.evaluate);
    check_host(configuration);
    at::set_num_threads(static_cast<int>(configuration.threads));
    dataset = std::make_unique<Dataset>(configuration.data.dataset, configuration.verify);
    if (!configuration.run.empty()) model = read_model(configuration.run, dataset->schema());
    if (!configuration.joint.empty()) joint = read_model(configuration.joint, dataset->schema());
    if (joint) check_joint(joint->options());
    if (joint || model) measure = measure_of(configuration, joint ? *joint : *model);
    comparison = std::make_unique<Comparison>(*dataset, configuration.evaluate, group);
    if (joint) validation = std::make_unique<Evaluation>(*dataset, Split::kValidation, configuration.evaluate, group);
    if (!configuration.evaluate.baselines) return;
    rows = std::make_unique<TrainingRows>(*dataset);
    bias.emplace(*rows, dataset->schema());
    als.emplace(*rows, dataset->schema(), configuration.als, configuration.evaluate.seed);
  });

  if (bias) comparison->judge("bias", *bias);
  if (als) comparison->judge("als", *als);
  if (joint) {
    const int steps = model ? model->options().adapt.inner.steps : configuration.model.adapt.inner.steps;
    const auto tuned = fine_tune(*joint, steps, *validation, measure);
    comparison->judge("joint", *joint);
    comparison->judge("fine-tuned", *tuned.model);
    comparison->note("fine_tuned", {{"steps", steps},
                                    {"rate", tuned.rate},
                                    {"kappa", tuned.kappa},
                                    {"chosen_on", "validation"},
                                    {"chosen_by", measure}});
  }
  if (model) {
    const auto warning = warning_of_support(comparison->judge("warmstart", *model), measure, "on test");
    if (!warning.empty()) spdlog::warn("{}", warning);
  }

  agree(group, [&] {
    if (group.rank() != 0) return;
    if (!configuration.evaluation.empty()) write_file(configuration.evaluation, comparison->json().dump(2) + "\n");
    fmt::print("{}\n", invocation.line.json ? comparison->json().dump() : comparison->table());
  });
  return ExitCode::kOk;
}

}  // namespace warmstart
