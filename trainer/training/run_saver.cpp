#include "trainer/training/run_saver.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "cluster/agreement.h"
#include "cluster/watchdog.h"

namespace warmstart {

RunSaver::RunSaver(const SaveOptions& options, std::int64_t saved_step, Communicator& group, Observer observer)
    : options_(options),
      group_(group),
      writer_(options.run, options.retention, group),
      observer_(std::move(observer)),
      saved_step_(saved_step) {}

bool RunSaver::due_by_clock() const {
  return options_.every_minutes > 0 && since_save_.seconds() > 60 * options_.every_minutes;
}

void RunSaver::after_step(std::int64_t step, const Snapshot& snapshot) {
  const Phase phase("write");
  if (options_.every_steps > 0 && step % options_.every_steps == 0) due_ = true;
  tell(writer_.poll());
  if (due_ && writer_.idle()) begin(step, snapshot);
}

void RunSaver::save_last(std::int64_t step, const Snapshot& snapshot) {
  const Phase phase("write");
  wait();
  if (saved_step_ == step) return;
  if (!begin(step, snapshot))
    throw AgreedError(ExitCode::kDiverged, fmt::format("step {}: the parameters are not finite", step));
  const auto written = writer_.wait();
  tell(written);
  if (!written->failure.empty()) throw AgreedError(ExitCode::kEnvironment, written->failure);
}

// False when the parameters are not finite: such a checkpoint is never written.
bool RunSaver::begin(std::int64_t step, const Snapshot& snapshot) {
  base_in_flight_ = base_of_next();
  const auto checkpoint = snapshot(base_in_flight_);
  if (!is_finite(checkpoint)) return false;
  writer_.begin(checkpoint);
  saved_step_ = step;
  due_ = false;
  since_save_.restart();
  return true;
}

std::optional<std::int64_t> RunSaver::base_of_next() const {
  return deltas_ + 1 < options_.full_every ? base_ : std::nullopt;
}

// Collective where there are tables, of which each rank has its own rows.
bool RunSaver::is_finite(const Checkpoint& checkpoint) const {
  const bool finite = checkpoint.rows_are_finite && checkpoint.vectors.at(kParameters).isfinite().all().item<bool>();
  if (checkpoint.tables.empty()) return finite;
  auto not_finite = at::full({1}, finite ? 0 : 1, at::kLong);
  group_.sum(not_finite);
  return not_finite.item<std::int64_t>() == 0;
}

void RunSaver::tell(const std::optional<WrittenCheckpoint>& written) {
  if (!written) return;
  if (observer_) observer_(*written);
  if (written->failure.empty()) {
    deltas_ = base_in_flight_ ? deltas_ + 1 : 0;
    if (!base_in_flight_) base_ = written->step;
    return;
  }
  saved_step_ = -1;
  if (options_.strict)
    throw AgreedError(ExitCode::kEnvironment, fmt::format("{} (train.strict-checkpoints)", written->failure));
}

}  // namespace warmstart
