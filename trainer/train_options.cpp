#include "trainer/train_options.h"

#include <fmt/format.h>

#include <cmath>

namespace warmstart {

void check(const TrainOptions& options, int ranks) {
  require(options.microbatches > 0 && (options.microbatches & (options.microbatches - 1)) == 0,
          fmt::format("train.microbatches = {} is not a power of two", options.microbatches));
  require(ranks <= options.microbatches,
          fmt::format("{} ranks cannot share {} microbatches; use fewer ranks or raise train.microbatches", ranks,
                      options.microbatches));
  require(options.tasks >= options.microbatches,
          fmt::format("train.tasks = {} is under train.microbatches = {}", options.tasks, options.microbatches));
  require(options.save.every_steps >= 0 && options.save.every_minutes >= 0,
          "train.checkpoint-every and -minutes must not be negative");
  require(options.save.retention.last >= 1 && options.save.retention.every >= 0,
          "train.keep-last must be at least 1 and train.keep-every not negative");
  require(options.loss_limit == 0 || options.loss_limit > 1, "train.loss-limit must be above 1, or 0");
  require(options.rollbacks >= 0 && options.hang_seconds >= 0,
          "train.rollbacks and train.hang-seconds must not be negative");
  require(options.bucket_megabytes >= 0, "train.bucket-megabytes must not be negative");
  require(options.log_every > 0, "train.log-every must be at least 1");
  const auto share = [](double value) { return value >= 0.0 && value <= 1.0; };
  require(options.dropout >= 0.0 && options.dropout < 1.0, "train.dropout must be in [0, 1)");
  require(share(options.key_dropout) && share(options.all_keys_dropout),
          "train.key-dropout and train.all-keys-dropout must be in [0, 1]");
  require(options.adam.rate > 0, "train.rate must be above 0");
  require(options.steps > 0 || options.epochs > 0, "train.steps or train.epochs must be above 0");
}

std::int64_t total_steps(const TrainOptions& options, const Sampler& sampler) {
  if (options.steps > 0) return options.steps;
  return static_cast<std::int64_t>(
      std::ceil(options.epochs * static_cast<double>(sampler.epoch_episodes()) / static_cast<double>(options.tasks)));
}

}  // namespace warmstart
