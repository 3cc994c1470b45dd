#include "trainer/learner/learner.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "trainer/adaptation/make_stages.h"
#include "trainer/layers/linear.h"
#include "trainer/learner/learner_batch.h"
#include "trainer/learner/learner_catalogue.h"
#include "trainer/learner/memory_estimate.h"
#include "trainer/networks/score_feature.h"
#include "trainer/networks/wide_input.h"

namespace warmstart {
namespace {

const ModelOptions& checked(const ModelOptions& options) {
  check(options);
  return options;
}

// What adapted embeddings remember support rows by, and networks that look at them.
constexpr const char* kSupportIds = "support.ids";
constexpr const char* kSupportWeights = "support.weights";
constexpr const char* kSupportDense = "support.dense";
constexpr const char* kSupportMask = "support.rows";
constexpr const char* kRows = "rows";  // among the sums: how many there were

bool has(StageKind stage, const AdaptOptions& options) {
  return std::find(options.stages.begin(), options.stages.end(), stage) != options.stages.end();
}

// Whether the head is found in closed form.
bool solves(const AdaptOptions& options) { return has(StageKind::kRidge, options) || has(StageKind::kKernel, options); }

// What all classes have in common tells none of them from another.
bool sees_score(const ModelOptions& options) {
  return options.adapt.score_feature && solves(options.adapt) && options.objective.kind != ObjectiveKind::kClasses;
}

// Without the stage `steps` there are none.
InnerOptions inner_options(const AdaptOptions& options) {
  auto inner = options.inner;
  if (!has(StageKind::kSteps, options)) inner.steps = 0;
  return inner;
}

}  // namespace

Learner::Learner(const Schema& schema, const ModelOptions& options, std::uint64_t seed, const MakeNetwork& make_network,
                 const TableHome& home, LearnerValues values)
    : schema_(schema),
      options_(checked(options)),
      tables_(parameters_, home),
      rule_(inner_options(options.adapt)),
      layers_(parameters_, tables_, rule_),
      objective_(make_objective(options.objective)) {
  const auto layout = feature_layout(schema);
  Initialiser draw(seed);
  network_ = make_network({options_.network, layout, draw, layers_, parameters_});
  if (options_.adapt.wide_input && has(StageKind::kKernel, options_.adapt))
    network_ = std::make_unique<WideInput>(std::move(network_));
  if (sees_score(options_)) network_ = std::make_unique<ScoreFeature>(std::move(network_), parameters_);
  const auto features = network_->features();
  stages_ = make_stages({options_.adapt, layout, objective_->outputs(), features, network_->inputs().value_or(features),
                         learns_noise(), options_.adapt.modulation ? layers_.modulation_size() : 0, rule_, draw,
                         parameters_, tables_});
  for (const auto& stage : stages_) {
    for (auto& part : stage->row_parts()) row_parts_.push_back(std::move(part));
    for (auto& part : stage->query_parts()) query_parts_.push_back(std::move(part));
    leaves_out_ |= stage->leaves_out() && options_.adapt.leave_one_out > 0.0;
  }
  rule_.add_head(parameters_, network_->features());
  layers_.add_rates();
  if (values == LearnerValues::kNone) return;
  require_model_memory(options_, parameters_.count() + tables_.sharded().count_in_memory());
  parameters_.flatten(at::kFloat);
  tables_.sharded().draw();
}

std::int64_t Learner::encoding_width() const {
  auto width = network_->features() + 1;
  for (const auto& part : row_parts_) width += parameters_.sizes_of(part + ".weight").front();
  return width;
}

bool Learner::reads_order() const {
  return std::any_of(stages_.begin(), stages_.end(), [](const auto& stage) { return stage->reads_order(); });
}

bool Learner::learns_noise() const {
  return solves(options_.adapt) && objective_->has_normal_noise() && options_.adapt.likelihood > 0.0;
}

void Learner::start_from(double score, const at::Tensor& key_bias) {
  parameters_[network_->score_bias()].detach()[-1].fill_(score);
  if (!key_bias.defined()) return;
  if (tables_.sharded().contains(kKeyBias))
    tables_.sharded().assign(kKeyBias, key_bias);
  else
    parameters_[kKeyBias].detach().copy_(key_bias.unsqueeze(1));
}

BatchParameters Learner::batch_parameters(const TensorBatch& batch, Leaves leaves, FetchedRows fetched) const {
  return {parameters_, tables_, batch.microbatches, leaves, std::move(fetched)};
}

TaskState Learner::adapt(const BatchParameters& parameters, const TensorBatch& batch) const {
  return Batch(*this, parameters, batch, nullptr, Precision::kFloat32).adapted();
}

at::Tensor Learner::outputs(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                            Precision precision) const {
  const Batch whole(*this, parameters, batch, dropout, precision);
  return whole.outputs(whole.adapted());
}

at::Tensor Learner::losses(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                           Precision precision, const Encoding* rows) const {
  const Batch whole(*this, parameters, batch, dropout, precision, rows);
  const auto& adapt = options_.adapt;
  const auto state = whole.adapted({.left_out = leaves_out_});
  auto losses = whole.query_losses(state, batch.query);
  if (adapt.no_support > 0.0) {
    const auto unadapted = objective_->losses(whole.unadapted_outputs(state), batch.query);
    losses = (losses + adapt.no_support * unadapted) / (1.0 + adapt.no_support);
  }
  if (!state.left_out_outputs.defined()) return losses;
  return mean_of_both(losses, batch.query.mask, objective_->losses(state.left_out_outputs, batch.support),
                      batch.support.mask, adapt.leave_one_out);
}

at::Tensor Learner::joint_losses(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                                 Precision precision, const Encoding* rows) const {
  const Batch whole(*this, parameters, batch, dropout, precision, rows);
  return objective_->losses(whole.unadapted_outputs(whole.started()), batch.query);
}

at::Tensor Learner::change_losses(const BatchParameters& parameters, const TensorBatch& batch,
                                  const at::Tensor& weights, const Dropout* dropout, Precision precision) const {
  const Batch whole(*this, parameters, batch, dropout, precision);
  const auto state = whole.adapted({.change = true});
  const auto change = weights * state.change_losses;
  const c10::AutoGradMode without(false);
  auto losses = objective_->losses(whole.outputs(state), batch.query);
  const c10::AutoGradMode with(true);
  return losses + (change - change.detach());
}

Encoding Learner::encode(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                         Precision precision) const {
  const Rows rows(batch, dropout);
  const AdaptedLayers unadapted(layers_, parameters, 0, 0, precision);
  return encode(rows, unadapted, row_parts_);
}

Encoding Learner::encode(const Rows& rows, const AdaptedLayers& layers, const std::vector<std::string>& parts,
                         const History* history, bool noise) const {
  const auto encoding = warmstart::encode(*network_, rows, layers, history);
  std::map<std::string, at::Tensor> encoded;
  for (const auto& name : parts) encoded[name] = linear(layers.parameters(), name, encoding.input());
  if (learns_noise() && (noise || options_.adapt.row_noise))
    encoded[kRowNoise] = row_noise_part(layers.parameters(), encoding.input(), rows);
  return {encoding.features(), encoding.base(), std::move(encoded)};
}

Predictions Learner::predicted(const EpisodeBatch& batch, bool distributions) const {
  const c10::NoGradGuard no_grad;
  const TensorBatch tensors(batch, parameters_.flat().options());
  const auto parameters = batch_parameters(tensors);
  const Batch whole(*this, parameters, tensors, nullptr, Precision::kFloat32, nullptr, distributions);
  const auto state = whole.adapted({.memory = false});
  const auto on_host = [](const at::Tensor& values) { return values.to(at::kCPU, at::kFloat).contiguous(); };
  if (!distributions) {
    const auto outputs = whole.outputs(state);
    Predictions predictions = {on_host(scores_of(outputs))};
    if (objective_->outputs() == 1) predictions.scores = on_host(outputs.squeeze(2));
    return predictions;
  }
  const auto found = whole.predictive(state);
  const auto outputs = on_host(found.outputs.squeeze(2));
  return {on_host(scores_of(found.outputs)), outputs, outputs, on_host(found.squared_scales.squeeze(2).sqrt()),
          on_host(found.freedom.flatten())};
}

std::unique_ptr<CatalogueScorer> Learner::catalogue_scorer(const Dataset& dataset) const {
  if (!scores_catalogues()) return nullptr;
  return std::make_unique<LearnerCatalogue>(*this, encoded_entities(*this, dataset, 0, dataset.entities()));
}

Learner::Reasons Learner::reasons(const BatchParameters& parameters, const TensorBatch& batch) const {
  const Batch whole(*this, parameters, batch, nullptr, Precision::kFloat32);
  return whole.reasons(whole.adapted({.shares = true}));
}

BatchParameters Learner::request_parameters() const { return {parameters_, tables_, {}, Leaves::kParameters}; }

TaskState::Memory Learner::memory(const BatchParameters& parameters, const Request& request) const {
  auto state = Batch(*this, parameters, request).adapted({.sums = updates()});
  if (updates()) state.sums[kRows] = request.support_labels.mask.sum(1, true);
  auto memory = state.memory();
  if (!layers_.any_embedding_adapts() && !network_->reads_history()) return memory;
  memory[kSupportIds] = request.support.ids.padded;
  memory[kSupportWeights] = request.support.ids.weights;
  if (!network_->reads_history()) return memory;
  memory[kSupportDense] = request.support.dense;
  memory[kSupportMask] = request.support_labels.mask;
  return memory;
}

Learner::Answer Learner::answer(const BatchParameters& parameters, const Request& request) const {
  const Batch whole(*this, parameters, request);
  const auto state = whole.adapted({.shares = true});
  auto answer = answer_of(whole.query(), state);
  answer.reasons = whole.reasons(state);
  return answer;
}

Learner::Answer Learner::answer(const BatchParameters& parameters, const Request& request,
                                const TaskState::Memory& memory) const {
  auto with_support = request;
  if (const auto ids = memory.find(kSupportIds); ids != memory.end()) {
    with_support.support.ids.padded = ids->second;
    with_support.support.ids.weights = memory.at(kSupportWeights);
  }
  if (network_->reads_history()) {
    with_support.support.dense = memory.at(kSupportDense);
    with_support.support_labels.mask = memory.at(kSupportMask);
  }
  const Batch whole(*this, parameters, with_support);
  auto state = whole.unadapted();
  state.restore(memory);
  return answer_of(whole.query(), state);
}

Encoding Learner::encode(const BatchParameters& parameters, const FeatureTensors& rows) const {
  const AdaptedLayers unadapted(layers_, parameters, 0, 0, Precision::kFloat32);
  const auto of_request = encode(Rows(rows), unadapted, query_parts_);
  const auto as_list = [](const at::Tensor& values) { return values.flatten(0, 1); };
  std::map<std::string, at::Tensor> parts;
  for (const auto& [name, part] : of_request.parts()) parts[name] = as_list(part);
  return {as_list(of_request.features()), as_list(of_request.base()), std::move(parts)};
}

TaskState Learner::unadapted(AdaptedLayers layers) const {
  const auto& adapt = options_.adapt;
  return {.head = {}, .layers = std::move(layers), .readout = adapt.readout, .full_context = adapt.full_context};
}

TaskState Learner::remembered(const BatchParameters& parameters, const TaskState::Memory& memory) const {
  auto state = unadapted({layers_, parameters, 0, 0, Precision::kFloat32});
  state.restore(memory);
  return state;
}

at::Tensor Learner::outputs_of_all(const BatchParameters& parameters, const Encoding& rows,
                                   const TaskState::Memory& memory) const {
  return remembered(parameters, memory).outputs_of_all(rows);
}

Learner::Answer Learner::answer(const BatchParameters& parameters, const Encoding& rows,
                                const TaskState::Memory& memory) const {
  return answer_of(RowEncoder(rows), remembered(parameters, memory));
}

bool Learner::updates() const {
  // What a row adds must not depend on the rows that come behind it.
  return encodes_rows_once() && objective_->newton_steps() == 1 && !ranks(options_.objective.kind) &&
         std::all_of(stages_.begin(), stages_.end(), [](const auto& stage) { return stage->updates(); });
}

TaskState::Memory Learner::update(const BatchParameters& parameters, const Request& request,
                                  const TaskState::Memory& memory) const {
  const Batch whole(*this, parameters, request);
  auto state = whole.unadapted();
  state.restore(memory);
  auto& rows = state.sums.at(kRows);
  rows = rows + request.support_labels.mask.sum(1, true);
  whole.update(state, rows);
  return state.memory();
}

at::Tensor Learner::scores_of(const at::Tensor& outputs) const {
  const auto predicted = objective_->predicted(outputs);
  return ranks(options_.objective.kind) ? predicted : predicted.clamp(schema_.label_min, schema_.label_max);
}

Learner::Answer Learner::answer_of(const RowEncoder& query, const TaskState& state) const {
  const auto outputs = state.outputs(query);
  Answer answer = {scores_of(outputs), outputs.squeeze(2)};
  if (!state.noise) return answer;
  const auto found = state.predictive(query);
  // The variance of Student's t; its degrees of freedom are above 2.
  answer.deviations = at::sqrt(found.squared_scales * found.freedom / (found.freedom - 2.0)).squeeze(2);
  return answer;
}

}  // namespace warmstart
