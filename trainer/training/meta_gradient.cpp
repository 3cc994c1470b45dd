#include "trainer/training/meta_gradient.h"

#include <ATen/ATen.h>

#include <limits>

#include "cluster/stop_signal.h"
#include "cluster/watchdog.h"

namespace warmstart {
namespace {

// What is summed over ranks behind the gradient, in the same collective.
enum Tail : std::int64_t { kLoss, kInterrupted, kSaved, kSaveDue, kTailSize };

std::int64_t bytes_of_buckets(const TrainOptions& options) {
  return options.bucket_megabytes > 0 ? static_cast<std::int64_t>(options.bucket_megabytes * 1e6)
                                      : std::numeric_limits<std::int64_t>::max();
}

void note_flags(at::Tensor& tail, bool save_due) {
  const auto stop = stop_requested();
  if (stop != ExitCode::kOk) tail[stop == ExitCode::kInterrupted ? kInterrupted : kSaved] = 1.0;
  if (save_due) tail[kSaveDue] = 1.0;
}

std::int64_t first_not_finite(const at::Tensor& losses, const EpisodeBatch& batch) {
  const auto bad = losses.detach().isfinite().logical_not().nonzero();
  return bad.numel() == 0 ? -1 : batch.task[static_cast<std::size_t>(bad[0].item<std::int64_t>())];
}

EpisodeBatch next_of(MicrobatchStream& stream) {
  const Phase phase("data");
  return stream.next();
}

}  // namespace

MetaGradient::MetaGradient(Learner& model, const TrainOptions& options, Communicator& gradients)
    : model_(model),
      options_(options),
      buckets_(model.parameters(), kTailSize, bytes_of_buckets(options), gradients, options.reduction) {}

ReducedGradient MetaGradient::of_step(std::int64_t step, MicrobatchStream& stream, bool save_due) {
  ReducedGradient found;
  const auto own = stream.microbatches();
  for (int part = 0; part < own.count; ++part) {
    const auto batch = next_of(stream);
    const Phase phase("forward");
    found.padded_share += batch.padded_share() / own.count;
    const auto losses = this->losses(batch, step, own.first + part);
    if (found.not_finite_task < 0) found.not_finite_task = first_not_finite(losses, batch);
    add(losses, part + 1 == own.count, save_due);
  }
  read_total(found);
  return found;
}

// Each task's, [T].
at::Tensor MetaGradient::losses(const EpisodeBatch& batch, std::int64_t step, int microbatch) {
  const TensorBatch tensors(batch, model_.parameters().flat().options());
  const Dropout dropout(options_.seed, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(microbatch),
                        options_.dropout, options_.key_dropout, options_.all_keys_dropout);
  plans_.add(model_.plan(batch.support.width, batch.query.width));
  return model_.losses(tensors, &dropout, options_.precision);
}

// Adds the gradient of a microbatch's share of the mean loss, with the tail behind it.
void MetaGradient::add(const at::Tensor& losses, bool last, bool save_due) {
  const auto loss = losses.sum() / static_cast<double>(options_.tasks);
  auto tail = at::zeros({kTailSize}, model_.parameters().flat().options());
  tail[kLoss] = loss.detach();
  if (last) note_flags(tail, save_due);
  buckets_.add(loss, tail, last);
}

void MetaGradient::read_total(ReducedGradient& found) {
  const Phase phase("reduce");
  const auto total = buckets_.take();
  const auto parameters = model_.parameters().flat().numel();
  const auto tail = total.narrow(0, parameters, kTailSize).cpu();
  found.gradient = total.narrow(0, 0, parameters);
  found.loss = tail[kLoss].item<double>();
  found.save_due = tail[kSaveDue].item<double>() > 0;
  if (tail[kInterrupted].item<double>() > 0)
    found.stop = ExitCode::kInterrupted;
  else if (tail[kSaved].item<double>() > 0)
    found.stop = ExitCode::kSaved;
}

}  // namespace warmstart
