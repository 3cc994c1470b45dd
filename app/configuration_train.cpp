#include "app/configuration.h"

namespace warmstart {
namespace {

constexpr double kMostSteps = 1e9;

void add_run_options(Options& add, Configuration& c) {
  auto& train = c.train;
  add.add("train.run", c.run, "folder of the run: configuration, metrics, model").neutral();
  add.add("train.steps", train.steps, "meta-steps; 0: as many as epochs take").from(0).to(kMostSteps);
  add.add("train.epochs", train.epochs, "passes over the training tasks").from(0).to(1e6);
  add.add("train.tasks", train.tasks, "tasks of a meta-step").from(1).to(1e12);
  add.add("train.microbatches", train.microbatches, "parts of a meta-step, a power of two; at most so many ranks")
      .from(1)
      .to(1 << 20);
  add.add("train.seed", train.seed, "of everything random in a run");
  add.add("train.threads", c.threads, "threads of a rank, at most the host's cores").from(1).to(1e9).neutral();
  add.add("train.device", c.device, "cpu, or cuda: one GPU a rank");
  add.add("train.precision", train.precision, "of products: float32, tf32 (GPUs only) or bfloat16 (adapted layers)");
  add.add(
      "train.reduction", train.reduction,
      "how gradients are added over ranks: fixed-order (the same bits on 1, 2, 4 ... ranks), or transport: as MPI or "
      "NCCL does");
  add.add("train.exchange", c.exchange,
          "how gradients travel: auto (nccl on GPUs, else mpi), mpi (from host memory) or nccl")
      .neutral();
  add.add("train.bucket-megabytes", train.bucket_megabytes,
          "of the gradient, added over ranks at once while the reverse pass goes on; 0: all of it, after the pass")
      .from(0)
      .to(1e6)
      .neutral();
}

void add_optimizer_options(Options& add, TrainOptions& train) {
  auto& adam = train.adam;
  add.add("train.rate", adam.rate, "outer rate (Adam; warm-up, then cosine decay)").above(0).to(1e30);
  add.add("train.warmup", adam.warmup, "steps of warm-up").from(0).to(kMostSteps);
  add.add("train.clip-norm", adam.clip_norm, "largest norm of the meta-gradient; 0: no limit").from(0).to(1e30);
  add.add("train.inner-rate-factor", adam.inner_rate_factor, "inner rates learn at this multiple of the outer rate")
      .from(0)
      .to(1e6);
  add.add("train.embedding-l2", adam.embedding_l2, "L2 penalty of embeddings").from(0).to(1e6);
  add.add("train.network-l2", adam.network_l2, "L2 penalty of all other parameters but inner rates").from(0).to(1e6);
  add.add("train.dropout", train.dropout, "share of units dropped").from(0).below(1);
  add.add("train.key-dropout", train.key_dropout, "share of rows trained on as if their key were unknown")
      .from(0)
      .to(1);
  add.add("train.all-keys-dropout", train.all_keys_dropout,
          "probability per step that all rows are trained as if their keys were unknown")
      .from(0)
      .to(1);
}

void add_watch_options(Options& add, TrainOptions& train) {
  add.add("train.log-every", train.log_every, "steps between metrics").from(1).to(kMostSteps).neutral();
  add.add("train.check-every", train.check_every,
          "steps between comparisons of the ranks' parameters; 0: only at the end")
      .from(0)
      .to(kMostSteps)
      .neutral();
  add.add("train.validate-every", train.validate_every, "steps between validations; 0: ten a run")
      .from(0)
      .to(kMostSteps);
  add.add(
      "validate.measure", train.measure,
      "tells which parameters are best: mae, mse, rmse, ndcg@1, ndcg@3, ndcg@5, log-loss (labels 0 and 1) or own: mae "
      "with model.objective = squared, log-loss with binary");
  add.add("train.keep-best", train.keep_best,
          "end with the parameters that did best on validation; false: with the last");
  add.add("train.patience", train.patience, "validations without a better one before stopping; 0: never")
      .from(0)
      .to(kMostSteps);
}

void add_safety_options(Options& add, Configuration& c) {
  auto& train = c.train;
  auto& save = train.save;
  add.add(
         "train.resume", c.resume,
         "auto: from the run's newest good checkpoint; never: only in an empty folder; or a checkpoint of another run, "
         "to start there")
      .neutral();
  add.add("train.checkpoint-every", save.every_steps, "steps between checkpoints; 0: by time only")
      .from(0)
      .to(kMostSteps)
      .neutral();
  add.add("train.checkpoint-minutes", save.every_minutes, "minutes between checkpoints; 0: by steps only")
      .from(0)
      .to(1e6)
      .neutral();
  add.add("train.keep-last", save.retention.last, "checkpoints that stay, and the best on validation")
      .from(1)
      .to(kMostSteps)
      .neutral();
  add.add("train.keep-every", save.retention.every, "steps of which every multiple's checkpoint stays; 0: none")
      .from(0)
      .to(kMostSteps)
      .neutral();
  add.add("train.strict-checkpoints", save.strict, "a checkpoint that cannot be written ends the run").neutral();
  add.add("train.loss-limit", train.loss_limit,
          "times the running median, above 1: a larger loss takes the run back; 0: only one that is not finite")
      .from(0)
      .to(1e30);
  add.add("train.rollbacks", train.rollbacks, "times that a run is taken back before it gives up").from(0).to(1e6);
  add.add("train.hang-seconds", train.hang_seconds, "seconds without progress that end the run; 0: never")
      .from(0)
      .to(1e9)
      .neutral();
}

}  // namespace

void add_train_options(Options& add, Configuration& c) {
  add_run_options(add, c);
  add_optimizer_options(add, c.train);
  add_watch_options(add, c.train);
  add_safety_options(add, c);
  declare(add, c.train.episode);
}

}  // namespace warmstart
