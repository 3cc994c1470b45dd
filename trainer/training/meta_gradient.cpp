#include "trainer/training/meta_gradient.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cluster/stop_signal.h"
#include "cluster/watchdog.h"
#include "trainer/training/row_blocks.h"

namespace warmstart {
namespace {

// What is summed over ranks behind the gradient, in the same collective.
enum Tail : std::int64_t { kLoss, kRows, kInterrupted, kSaved, kSaveDue, kTailSize };

std::int64_t bytes_of_buckets(const TrainOptions& options) {
  return options.bucket_megabytes > 0 ? static_cast<std::int64_t>(options.bucket_megabytes * 1e6)
                                      : std::numeric_limits<std::int64_t>::max();
}

void note_flags(const at::Tensor& tail, bool save_due) {
  const auto stop = stop_requested();
  if (stop != ExitCode::kOk) tail[stop == ExitCode::kInterrupted ? kInterrupted : kSaved] = 1.0;
  if (save_due) tail[kSaveDue] = 1.0;
}

std::int64_t first_not_finite(const at::Tensor& losses, const EpisodeBatch& batch) {
  const auto bad = losses.detach().isfinite().logical_not().nonzero();
  return bad.numel() == 0 ? -1 : batch.task[static_cast<std::size_t>(bad[0].item<std::int64_t>())];
}

// A value that n entities have is lost with the chance `share` / n, at most 1.
LostValues lost_values(const Dataset& dataset, double share) {
  const auto entities = entities_with_values(dataset);
  if (share == 0.0 || std::all_of(entities.begin(), entities.end(), [](auto count) { return count == 0; })) return {};
  std::vector<float> chances;
  chances.reserve(entities.size());
  for (const auto count : entities)
    chances.push_back(count == 0 ? 0.0f : static_cast<float>(std::min(1.0, share / static_cast<double>(count))));
  return {feature_layout(dataset.schema()).keys, at::tensor(chances)};
}

// Those of a meta-step.
std::vector<EpisodeBatch> next_of(MicrobatchStream& stream) {
  const Phase phase("data");
  std::vector<EpisodeBatch> batches;
  batches.reserve(static_cast<std::size_t>(stream.batches()));
  for (int part = 0; part < stream.batches(); ++part) batches.push_back(stream.next());
  return batches;
}

// `described`: the batch that has the tasks of `rows`.  Both outlive it.
BatchLookups lookups_of(const EpisodeBatch& rows, const EpisodeBatch& described) {
  return {id_lookup(rows.key_lookup, at::kCPU), id_lookup(rows.rows.lookup, at::kCPU),
          id_lookup(described.descriptions.lookup, at::kCPU)};
}

}  // namespace

MetaGradient::MetaGradient(Learner& model, const Dataset& dataset, const TrainOptions& options, std::int64_t steps,
                           Communicator& group, Communicator& gradients)
    : model_(model),
      dataset_(dataset),
      options_(options),
      schedule_(options.outer.schedule, options.epochs),
      lost_values_(lost_values(dataset, options.value_dropout)),
      steps_(steps),
      group_(group),
      gradients_(gradients),
      buckets_(model.parameters(), kTailSize, bytes_of_buckets(options), gradients, options.reduction) {}

ReducedGradient MetaGradient::of_step(std::int64_t step, MicrobatchStream& stream, bool save_due) {
  const auto before = traffic();
  auto found = reduced(step, stream, save_due);
  found.traffic = traffic();
  found.traffic -= before;
  return found;
}

Traffic MetaGradient::traffic() const {
  auto traffic = group_.traffic();
  if (&gradients_ != &group_) traffic += gradients_.traffic();
  return traffic;
}

ReducedGradient MetaGradient::reduced(std::int64_t step, MicrobatchStream& stream, bool save_due) {
  ReducedGradient found;
  const auto parts = next_of(stream);
  const auto batches = stream.batches();
  const auto own = stream.microbatches();
  const bool shares_rows = stream.form() == MicrobatchForm::kSharedRows;
  if (!shares_rows) {
    std::vector<BatchLookups> lookups;
    lookups.reserve(parts.size());
    for (const auto& batch : parts) lookups.push_back(lookups_of(batch, batch));
    fetch_rows(std::move(lookups));
  }
  for (int part = 0; part < batches; ++part) {
    const auto& batch = parts[static_cast<std::size_t>(part)];
    const Phase phase("forward");
    found.padded_share += batch.padded_share() / batches;
    const auto first = own.first + part * own.count / batches;
    const auto losses = shares_rows
                            ? add_with_shared_rows(batch, step, own, save_due)
                            : add(batch, step, first, static_cast<std::size_t>(part), part + 1 == batches, save_due);
    if (found.not_finite_task < 0) found.not_finite_task = first_not_finite(losses, batch);
  }
  read_total(found);
  return found;
}

// Of microbatches from `microbatch` on.  Returns each task's loss, [T].
at::Tensor MetaGradient::add(const EpisodeBatch& batch, std::int64_t step, int microbatch, std::size_t part, bool last,
                             bool save_due) {
  const TensorBatch tensors(batch, model_.parameters().flat().options());
  const auto parameters = model_.batch_parameters(tensors, Leaves::kMicrobatches, fetched_rows(part));
  auto losses = this->losses(parameters, tensors, step, dropout(step, microbatch), nullptr);
  add(losses, parameters, counted_rows(tensors, step), last, save_due, false, part);
  return losses;
}

// Collective.
at::Tensor MetaGradient::add_with_shared_rows(const EpisodeBatch& batch, std::int64_t step, MicrobatchRange own,
                                              bool save_due) {
  const auto options = model_.parameters().flat().options();
  RowBlocks blocks(dataset_, batch, own, static_cast<int>(options_.microbatches), gradients_);
  fetch_rows({lookups_of(blocks.rows(), batch)});
  const TensorBatch rows(blocks.rows(), options), tensors(batch, options);
  const auto parameters = model_.batch_parameters(rows, Leaves::kMicrobatches, fetched_rows(0));
  const auto masks = dropout(step, own.first);
  const auto own_rows = model_.encode(parameters, rows, &masks, options_.precision);
  const auto encoding = blocks.exchange(own_rows, [&] { buckets_.release(); });
  auto losses = this->losses(parameters, tensors, step, masks, &encoding);
  add(losses, parameters, {}, true, save_due, true, 0);
  return losses;
}

// Of the sharded tables.
void MetaGradient::fetch_rows(std::vector<BatchLookups> lookups) {
  const Phase phase("fetch");
  if (!model_.sharded_tables().empty()) table_step_.emplace(model_.sharded_tables(), std::move(lookups), group_);
}

FetchedRows MetaGradient::fetched_rows(std::size_t part) const {
  return table_step_ ? table_step_->fetched(part, model_.parameters().flat().device()) : FetchedRows();
}

Dropout MetaGradient::dropout(std::int64_t step, int microbatch) const {
  return {options_.seed,
          static_cast<std::uint64_t>(step),
          static_cast<std::uint64_t>(microbatch),
          options_.dropout,
          options_.key_dropout,
          options_.all_keys_dropout,
          lost_values_};
}

at::Tensor MetaGradient::losses(const BatchParameters& parameters, const TensorBatch& batch, std::int64_t step,
                                const Dropout& dropout, const Encoding* rows) {
  const auto precision = options_.precision;
  if (part_of(step) == Part::kJoint) return model_.joint_losses(parameters, batch, &dropout, precision, rows);
  plans_.add(model_.plan(batch.support.place.size(1), batch.query.place.size(1)), batch.microbatches.count);
  if (options_.outer.update == OuterUpdate::kQueryLoss)
    return model_.losses(parameters, batch, &dropout, precision, rows);
  const auto counted = counted_rows(batch, step);
  const auto weights = counted.defined() ? counted : at::ones({batch.tasks}, batch.support.mask.options());
  return model_.change_losses(parameters, batch, weights, &dropout, precision);
}

at::Tensor MetaGradient::counted_rows(const TensorBatch& batch, std::int64_t step) const {
  const auto& outer = options_.outer;
  const bool counts = outer.update == OuterUpdate::kAveraging && outer.weights == TaskWeights::kRows;
  return counts && part_of(step) == Part::kMeta ? batch.support.mask.sum(1) : at::Tensor();
}

// Adds the gradients of the microbatches' shares of the mean loss, with the tail behind them.
void MetaGradient::add(const at::Tensor& losses, const BatchParameters& parameters, const at::Tensor& rows, bool last,
                       bool save_due, bool held, std::size_t part) {
  const auto microbatches = parameters.microbatches().count;
  const auto mean_share = [&](const at::Tensor& of_tasks) {
    return of_tasks.view({microbatches, -1}).sum(1) / static_cast<double>(options_.tasks);
  };
  const auto of_microbatches = mean_share(losses);
  const auto tails = at::zeros({microbatches, kTailSize}, losses.options());
  tails.select(1, kLoss).copy_(of_microbatches.detach());
  if (rows.defined()) tails.select(1, kRows).copy_(mean_share(rows));
  if (last) note_flags(tails[microbatches - 1], save_due);
  buckets_.add(of_microbatches.sum(), parameters, tails, last, held,
               [this, part](const std::string& table, const at::Tensor& gradient) {
                 table_step_->give_back(part, table, gradient);
               });
}

void MetaGradient::read_total(ReducedGradient& found) {
  const Phase phase("reduce");
  const auto total = buckets_.take();
  const auto parameters = model_.parameters().flat().numel();
  const auto tail = total.narrow(0, parameters, kTailSize).cpu();
  found.gradient = total.narrow(0, 0, parameters);
  found.loss = tail[kLoss].item<double>();
  // A meta-batch whose tasks have no support row at all changes nothing.
  const auto rows = tail[kRows].item<double>();
  if (rows > 0) found.gradient.div_(rows);
  if (table_step_) reduce_rows(found, rows > 0 ? 1.0 / rows : 1.0);
  found.save_due = tail[kSaveDue].item<double>() > 0;
  if (tail[kInterrupted].item<double>() > 0)
    found.stop = ExitCode::kInterrupted;
  else if (tail[kSaved].item<double>() > 0)
    found.stop = ExitCode::kSaved;
}

// Collective.
void MetaGradient::reduce_rows(ReducedGradient& found, double scale) {
  found.rows = table_step_->reduce(group_);
  table_step_.reset();
  if (scale != 1.0)
    for (const auto& rows : found.rows.gradients) rows.gradient.mul_(scale);
  const CountedAs counted(group_, TrafficKind::kReduced);
  found.rows_norm = std::sqrt(squared_norm(found.rows.gradients, group_));
}

}  // namespace warmstart
