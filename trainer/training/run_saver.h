#pragma once

#include <functional>
#include <optional>

#include "base/stopwatch.h"
#include "checkpoints/checkpoint_writer.h"
#include "trainer/training/save_options.h"

namespace warmstart {

// When a run's checkpoints are due, and that its last one is on disk before it ends.  Members that write are
// collective.
class RunSaver {
 public:
  // All of the run's state; or, of tables, what has changed since the full checkpoint of step `base`.
  using Snapshot = std::function<Checkpoint(std::optional<std::int64_t> base)>;
  using Observer = std::function<void(const WrittenCheckpoint&)>;

  // The newest checkpoint is of `saved_step`; -1: there is none.
  RunSaver(const SaveOptions& options, std::int64_t saved_step, Communicator& group, Observer observer);

  // By this rank's clock; one rank's must decide for all.
  bool due_by_clock() const;
  // The next after_step() saves, or the first at which no write is in flight.
  void request() { due_ = true; }

  // Goes on with the write in flight, or begins a due one.  Throws AgreedError kEnvironment when one has failed and
  // must not.
  void after_step(std::int64_t step, const Snapshot& snapshot);

  // The run is back at `step`, which is on disk: what was written of later steps is no longer its own.
  void went_back_to(std::int64_t step) {
    saved_step_ = step;
    base_.reset();
  }

  // Waits for the write in flight.
  void wait() { tell(writer_.wait()); }

  // Returns once the checkpoint of `step` is on disk; throws AgreedError: kEnvironment when it cannot be, kDiverged
  // when its parameters are not finite.
  void save_last(std::int64_t step, const Snapshot& snapshot);

 private:
  bool begin(std::int64_t step, const Snapshot& snapshot);
  std::optional<std::int64_t> base_of_next() const;
  void tell(const std::optional<WrittenCheckpoint>& written);

  bool is_finite(const Checkpoint& checkpoint) const;

  SaveOptions options_;
  Communicator& group_;
  CheckpointWriter writer_;
  Observer observer_;
  std::int64_t saved_step_;                                      // perhaps still being written
  std::optional<std::int64_t> base_ = {}, base_in_flight_ = {};  // the newest full one; what the one in flight rests on
  std::int64_t deltas_ = 0;                                      // to it
  bool due_ = false;
  Stopwatch since_save_;
};

}  // namespace warmstart
