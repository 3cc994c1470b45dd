// This rank's microbatches, in the order in which it trains on them, made ahead on a thread of their own: those of a
// meta-step as one batch, or one by one.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "cluster/gradient_sum.h"
#include "data/episode_source.h"
#include "data/prefetch.h"
#include "trainer/training/microbatch_form.h"

namespace warmstart {

class MicrobatchStream {
 public:
  // Of rank `rank` of `ranks`.  `dataset` must outlive the stream.  Throws what make_episode_source() throws.
  MicrobatchStream(const Dataset& dataset, const TrainOptions& options, MicrobatchForm form, int rank, int ranks);

  std::int64_t steps() const { return steps_; }          // meta-steps of the whole run
  MicrobatchRange microbatches() const { return own_; }  // of each meta-step, this rank's

  MicrobatchForm form() const { return form_; }
  // Of each meta-step, from next().
  int batches() const { return form_ == MicrobatchForm::kOneByOne ? own_.count : 1; }

  // From here on next() gives the batches of meta-step `step`, then those of the steps after it that are not
  // `skipped`.  Before the first next(), and again whenever the run goes back.
  void start(std::int64_t step, std::set<std::int64_t> skipped);

  // The next batch, waiting for it if need be.  Throws std::out_of_range after the last step's.
  EpisodeBatch next() { return prefetcher_->next(); }

  // What next() has waited since start().
  double waited_seconds() const { return prefetcher_->waited_seconds(); }

 private:
  std::optional<EpisodeBatch> make(std::uint64_t n);
  bool plan_next_step();
  std::vector<TaskEpisode> with_rows(const std::vector<Episode>& microbatch) const;

  const Dataset& dataset_;
  MicrobatchForm form_;
  std::unique_ptr<EpisodeSource> source_;
  std::int64_t steps_;
  MicrobatchRange own_;
  std::set<std::int64_t> skipped_;
  std::int64_t next_step_ = 0;                 // to be planned
  std::vector<std::vector<Episode>> planned_;  // all microbatches of the step that is being made
  std::optional<Prefetcher> prefetcher_;       // last: its thread uses the members above
};

}  // namespace warmstart
