#pragma once

#include <future>
#include <optional>

#include "base/pending_folder.h"
#include "base/stopwatch.h"
#include "checkpoints/checkpoint.h"
#include "cluster/communicator.h"

namespace warmstart {

// Which complete checkpoints stay when a newer one is written.
struct Retention {
  std::int64_t last = 3;   // the newest; at least 1
  std::int64_t every = 0;  // those whose step is a multiple of this; 0: none
  // And the one that did best on validation, and any that somebody reads.  Damaged ones are left alone.
  bool higher_is_better = false;  // whether the best has the largest validation_error, which is then no error
};

struct WrittenCheckpoint {
  std::int64_t step = 0;
  double seconds = 0.0;  // from the copy to the last sync
  std::string failure;   // empty: it is complete on disk, all slices of all ranks
};

// Writes a run's checkpoints behind training, one at a time: begin() copies this rank's slices in memory; a thread
// writes and syncs them; once all ranks have, rank 0 writes the manifest, syncs, renames, and removes old ones.
// All members but the destructor are collective, and every rank sees the same.
class CheckpointWriter {
 public:
  CheckpointWriter(std::filesystem::path run, Retention retention, Communicator& group);
  ~CheckpointWriter();  // waits for this rank's thread
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  bool idle() const { return stage_ == Stage::kIdle; }

  // Only when idle.  A checkpoint of this step that is there already is set aside, not deleted.
  void begin(const Checkpoint& checkpoint);

  // Returns what became of a write that has just ended.  Does not wait.
  std::optional<WrittenCheckpoint> poll();

  // The same, waiting for the write in flight; nothing when there is none.
  std::optional<WrittenCheckpoint> wait();

 private:
  enum class Stage { kIdle, kSlices, kCommit };
  struct Slice {
    std::int64_t first, count;
    std::map<std::string, at::Tensor> vectors;
    std::vector<TableShards> tables;
    ShardRange shards;
  };

  void write_slice(const std::filesystem::path& folder, const Slice& slice, std::int64_t total_bytes);
  std::optional<WrittenCheckpoint> advance();
  void begin_commit();
  void gather_table_digests();
  void commit(Manifest manifest);
  WrittenCheckpoint end(const std::string& failure);

  std::filesystem::path run_;
  Retention retention_;
  Communicator& group_;
  Stage stage_ = Stage::kIdle;
  std::int64_t step_ = 0;
  Stopwatch stopwatch_;
  Manifest manifest_;                       // of the one in flight
  std::optional<PendingFolder> pending_;    // rank 0's
  std::string digest_;                      // of this rank's slice
  std::vector<std::string> table_digests_;  // of its files of tables
  ShardRange shards_;                       // that those are of
  std::future<void> task_;                  // last: its thread uses the members above
};

// Collective.  A checkpoint written at once.  Throws AgreedError.
void write_checkpoint(const std::filesystem::path& run, const Checkpoint& checkpoint, Communicator& group);

}  // namespace warmstart
