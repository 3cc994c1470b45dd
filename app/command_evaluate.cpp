#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "app/checkpoint_model.h"
#include "app/command.h"
#include "app/comparison.h"
#include "base/files.h"
#include "cluster/agreement.h"
#include "trainer/baselines/als.h"
#include "trainer/baselines/bias_model.h"
#include "trainer/baselines/fine_tuning.h"
#include "trainer/training/run_warnings.h"

namespace warmstart {
namespace {

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
    if (const auto objective = model->options().objective.kind; ranks(objective))
      spdlog::warn("model.objective = {} predicts an order: the model's nDCG says how good it is, not its errors",
                   to_text(objective));
  }

  agree(group, [&] {
    if (group.rank() != 0) return;
    if (!configuration.evaluation.empty()) write_file(configuration.evaluation, comparison->json().dump(2) + "\n");
    fmt::print("{}\n", invocation.line.json ? comparison->json().dump() : comparison->table());
  });
  return ExitCode::kOk;
}

}  // namespace warmstart
