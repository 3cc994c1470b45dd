#include "trainer/training/train_options.h"

#include <fmt/format.h>

#include <cmath>

namespace warmstart {
namespace {

constexpr std::int64_t kMostRows = 1'000'000'000;

// Not a number fails every comparison, so each of these refuses it.
bool not_negative(double value) { return value >= 0.0 && std::isfinite(value); }
bool is_share(double value) { return value >= 0.0 && value <= 1.0; }
bool are_rows(std::int64_t rows, std::int64_t least) { return rows >= least && rows <= kMostRows; }

void check(const AdamOptions& options) {
  require(options.rate > 0 && std::isfinite(options.rate), "train.rate must be above 0");
  require(options.warmup >= 0, "train.warmup must not be negative");
  require(not_negative(options.clip_norm), "train.clip-norm must not be negative");
  require(not_negative(options.embedding_l2) && not_negative(options.network_l2),
          "train.embedding-l2 and train.network-l2 must not be negative");
  require(not_negative(options.inner_rate_factor), "train.inner-rate-factor must not be negative");
}

void check(const EpisodeOptions& options) {
  require(is_share(options.support_common_share), "episode.support-common-share must be in [0, 1]");
  require(are_rows(options.support_max, 0) && are_rows(options.rows_per_episode, 0),
          "episode.support-max and episode.rows must be from 0 to 10^9 rows");
  require(are_rows(options.query_max, 1) && are_rows(options.query_min, 1),
          "episode.query-max and episode.query-min must be from 1 to 10^9 rows");
  for (const auto rows : options.support_common)
    require(are_rows(rows, 0), "episode.support-common must be from 0 to 10^9 rows");
}

void check(const SaveOptions& options) {
  require(options.every_steps >= 0 && not_negative(options.every_minutes),
          "train.checkpoint-every and -minutes must not be negative");
  require(options.retention.last >= 1 && options.retention.every >= 0,
          "train.keep-last must be at least 1 and train.keep-every not negative");
}

}  // namespace

void check(const TrainOptions& options, int ranks) {
  require(options.microbatches > 0 && (options.microbatches & (options.microbatches - 1)) == 0,
          fmt::format("train.microbatches = {} is not a power of two", options.microbatches));
  require(ranks <= options.microbatches,
          fmt::format("{} ranks cannot share {} microbatches; use fewer ranks or raise train.microbatches", ranks,
                      options.microbatches));
  require(options.tasks >= options.microbatches,
          fmt::format("train.tasks = {} is under train.microbatches = {}", options.tasks, options.microbatches));
  require(options.loss_limit == 0 || options.loss_limit > 1, "train.loss-limit must be above 1, or 0");
  require(options.rollbacks >= 0 && not_negative(options.hang_seconds),
          "train.rollbacks and train.hang-seconds must not be negative");
  require(not_negative(options.bucket_megabytes), "train.bucket-megabytes must not be negative");
  require(options.log_every > 0, "train.log-every must be at least 1");
  require(options.check_every >= 0 && options.validate_every >= 0 && options.patience >= 0,
          "train.check-every, train.validate-every and train.patience must not be negative");
  require(options.dropout >= 0.0 && options.dropout < 1.0, "train.dropout must be in [0, 1)");
  require(is_share(options.key_dropout) && is_share(options.all_keys_dropout),
          "train.key-dropout and train.all-keys-dropout must be in [0, 1]");
  require(options.steps >= 0 && options.epochs >= 0 && options.epochs <= 1e6,
          "train.steps must not be negative, and train.epochs be from 0 to 10^6");
  require(options.steps > 0 || options.epochs > 0, "train.steps or train.epochs must be above 0");
  check(options.adam);
  check(options.episode);
  check(options.save);
  check(options.validation);
}

Measure measure_of_validation(const TrainOptions& options, ObjectiveKind objective) {
  return options.measure.value_or(objective == ObjectiveKind::kBinary ? Measure::kLogLoss : Measure::kMae);
}

std::int64_t total_steps(const TrainOptions& options, const Sampler& sampler) {
  if (options.steps > 0) return options.steps;
  return static_cast<std::int64_t>(
      std::ceil(options.epochs * static_cast<double>(sampler.epoch_episodes()) / static_cast<double>(options.tasks)));
}

}  // namespace warmstart
