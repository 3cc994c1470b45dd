#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
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
#include "trainer/baselines/popularity.h"
#include "trainer/tables/bytes_of_values.h"
#include "trainer/training/catalogue_encoding.h"
#include "trainer/training/label_check.h"
#include "trainer/training/looked_up_ids.h"
#include "trainer/training/run_warnings.h"

namespace warmstart {
namespace {

// By which runs with this configuration validate.  Throws UsageError for one that the labels do not take.
Measure measure_of(const Configuration& configuration, const Learner& model) {
  const auto measure = measure_of_validation(train_options(configuration), model.options().objective.kind);
  check(measure, configuration.evaluate, label_scale(model.schema(), configuration.evaluate.relevant));
  return measure;
}

// Collective.  The model of a run; none where no run is named.
TrainedModel model_of(const std::filesystem::path& run, const Dataset& dataset, Communicator& group) {
  return run.empty() ? TrainedModel() : read_model(run, dataset, group);
}

void judge_joint(Comparison& comparison, const Learner& joint, const FineTuned& tuned, int steps,
                 const Measure& measure) {
  comparison.judge("joint", joint);
  comparison.judge("fine-tuned", *tuned.model);
  comparison.note("fine_tuned", {{"steps", steps},
                                 {"rate", tuned.rate},
                                 {"kappa", tuned.kappa},
                                 {"chosen_on", "validation"},
                                 {"chosen_by", name_of(measure)}});
}

// Classes have no errors, and no baseline knows their numbers.
void judge_classes(EvaluationOptions& options, const Learner* model) {
  if (model) check_classes(model->schema(), model->options().objective, options.ways);
  if (options.measures.empty()) options.measures = {{MeasureKind::kAccuracy}};
  options.baselines = false;
}

// All that is judged, read and checked.
struct Contestants {
  std::unique_ptr<Dataset> dataset;
  TrainedModel model, joint, other;
  std::map<int, std::unique_ptr<Learner>> by_steps;
  std::map<const Learner*, CataloguedLearner> by_encodings;  // of those that have no other rows of entities
  std::unique_ptr<TrainingRows> rows;
  std::optional<BiasModel> bias;
  std::optional<Als> als;
  std::optional<Popularity> popularity;
  std::unique_ptr<Comparison> comparison;
  std::unique_ptr<Evaluation> validation;
  Measure measure;
};

// Of models that have been read.
void make_others(Contestants& all, const Configuration& configuration) {
  for (const auto steps : configuration.inner_steps) {
    require(all.model.model != nullptr, "evaluate.inner-steps is of the model of train.run, which is not set");
    all.by_steps[steps] = with_inner_steps(*all.model.model, steps);
  }
  const auto &model = all.model.model, &joint = all.joint.model;
  if (joint) check_joint(joint->options());
  if (joint || model) all.measure = measure_of(configuration, joint ? *joint : *model);
}

void fit_baselines(Contestants& all, const EvaluationOptions& options, const Configuration& configuration) {
  if (options.slices) all.comparison->slice_by(all.dataset->training_rows());
  if (!options.baselines) return;
  if (options.candidates.kind != Candidates::Kind::kRows) return all.popularity.emplace(*all.dataset), void();
  all.rows = std::make_unique<TrainingRows>(*all.dataset);
  all.bias.emplace(*all.rows, all.dataset->schema());
  all.als.emplace(*all.rows, all.dataset->schema(), configuration.als, configuration.evaluate.seed);
}

// Before anything is read of runs.
void open_dataset(Contestants& all, const Configuration& configuration) {
  if (configuration.data.dataset.empty()) throw UsageError("data.dataset is not set: name the folder of the data set");
  require(configuration.against.empty() || !configuration.run.empty(),
          "evaluate.against compares train.run with another run, and train.run is not set");
  check(configuration.als);
  check(evaluation_options(configuration));
  check_host(configuration);
  at::set_num_threads(static_cast<int>(configuration.threads));
  all.dataset = std::make_unique<Dataset>(configuration.data.dataset, configuration.verify);
}

void prepare(Contestants& all, const Configuration& configuration, Communicator& group) {
  auto options = evaluation_options(configuration);
  make_others(all, configuration);
  if (tasks_are_of_classes(all.dataset->schema())) judge_classes(options, all.model.model.get());
  all.comparison = std::make_unique<Comparison>(*all.dataset, options, group);
  if (all.joint.model) all.validation = std::make_unique<Evaluation>(*all.dataset, Split::kValidation, options, group);
  fit_baselines(all, options, configuration);
}

// The learners that look up rows of a run's tables.
std::vector<const Learner*> learners_of(const Contestants& all, const TrainedModel& trained) {
  std::vector<const Learner*> learners = {trained.model.get()};
  if (&trained != &all.model) return learners;
  for (const auto& [steps, stepped] : all.by_steps) learners.push_back(stepped.get());
  return learners;
}

// Fine-tuning makes learners of its own of a joint one.
bool rank_by_encodings(const Contestants& all, const TrainedModel& trained) {
  const auto learners = learners_of(all, trained);
  return all.comparison->evaluation().ranks_all() && &trained != &all.joint &&
         std::all_of(learners.begin(), learners.end(), [](const auto* each) { return each->scores_catalogues(); });
}

// Collective.  All entities are encoded, for all of the run's learners, which differ in what comes behind it.
void encode_catalogue(Contestants& all, const TrainedModel& trained, const std::filesystem::path& spill,
                      Communicator& group) {
  const auto& rows = *trained.rows;
  const auto bring = [&](const auto& ids) { rows.copy(ids, group, spill); };
  const auto entities =
      catalogue_encoding(*trained.model, *all.dataset,
                         {rows.kinds(), bytes_of_values(trained.model->copied_tables()->list()), bring}, group);
  for (const auto* learner : learners_of(all, trained)) all.by_encodings.try_emplace(learner, *learner, entities);
}

// Collective.  Of sharded tables each rank gets the rows that its tasks look up.
void copy_rows(Contestants& all, const std::filesystem::path& spill, Communicator& group) {
  std::vector<const Evaluation*> evaluations = {&all.comparison->evaluation()};
  if (all.validation) evaluations.push_back(all.validation.get());
  for (const auto* trained : {&all.model, &all.joint, &all.other}) {
    if (!trained->model || trained->rows->kinds().empty()) continue;
    const bool by_encodings = rank_by_encodings(all, *trained);
    if (by_encodings) encode_catalogue(all, *trained, spill, group);
    trained->rows->copy(looked_up_ids(evaluations, trained->rows->kinds(), by_encodings), group, spill);
  }
}

const Recommender& judged(const Contestants& all, const Learner& learner) {
  const auto found = all.by_encodings.find(&learner);
  return found == all.by_encodings.end() ? static_cast<const Recommender&>(learner) : found->second;
}

// Collective.
void read(Contestants& all, const Configuration& configuration, Communicator& group) {
  agree(group, [&] { open_dataset(all, configuration); });
  all.model = model_of(configuration.run, *all.dataset, group);
  all.joint = model_of(configuration.joint, *all.dataset, group);
  all.other = model_of(configuration.against, *all.dataset, group);
  agree(group, [&] { prepare(all, configuration, group); });
  copy_rows(all, configuration.train.tables.spill, group);
}

// Collective.
void judge_model(const Contestants& all) {
  const auto& model = *all.model.model;
  const auto results = all.comparison->judge("warmstart", judged(all, model));
  const auto warning = warning_of_support(results, all.measure, "on test");
  if (!warning.empty()) spdlog::warn("{}", warning);
  if (const auto objective = model.options().objective.kind; ranks(objective))
    spdlog::warn("model.objective = {} predicts an order: the model's nDCG says how good it is, not its errors",
                 to_text(objective));
  if (all.other.model) all.comparison->pair(results, all.comparison->judge("against", judged(all, *all.other.model)));
}

}  // namespace

ExitCode command_evaluate(Invocation& invocation, Communicator& group) {
  const auto& configuration = invocation.configuration;
  Contestants all;
  read(all, configuration, group);

  auto& comparison = *all.comparison;
  if (all.bias) comparison.judge("bias", *all.bias);
  if (all.als) comparison.judge("als", *all.als);
  if (all.popularity) comparison.judge("popularity", *all.popularity);
  if (const auto& joint = all.joint.model) {
    const auto& options = all.model.model ? all.model.model->options() : configuration.model;
    const int steps = options.adapt.inner.steps;
    const auto tuned = fine_tune(*joint, steps, *all.validation, all.measure);
    judge_joint(comparison, *joint, tuned, steps, all.measure);
  }
  for (const auto& [steps, stepped] : all.by_steps)
    comparison.judge(fmt::format("inner steps: {}", steps), judged(all, *stepped));
  if (all.model.model) judge_model(all);

  agree(group, [&] {
    if (group.rank() != 0) return;
    if (!configuration.evaluation.empty()) write_file(configuration.evaluation, comparison.json().dump(2) + "\n");
    fmt::print("{}\n", invocation.line.json ? comparison.json().dump() : comparison.table());
  });
  return ExitCode::kOk;
}

}  // namespace warmstart
