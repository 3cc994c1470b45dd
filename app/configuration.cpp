#include "app/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/program_options.hpp>
#include <map>
#include <set>
#include <sstream>
#include <type_traits>

#include "base/number.h"

namespace warmstart {
namespace {

// Text <-> value, for each type that an option can have.

std::string to_text(const std::string& value) { return value; }
std::string to_text(const std::filesystem::path& value) { return value.string(); }
std::string to_text(bool value) { return value ? "true" : "false"; }
std::string to_text(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }
template <typename T>
requires std::is_arithmetic_v<T> std::string to_text(T value) { return fmt::format("{}", value); }
template <typename T>
std::string to_text(const std::vector<T>& value) {
  return fmt::format("{}", fmt::join(value, ", "));
}
template <typename T>
requires std::is_enum_v<T> std::string to_text(T value) { return nlohmann::json(value).template get<std::string>(); }

void read(const std::string& text, std::string& value) { value = text; }
void read(const std::string& text, std::filesystem::path& value) { value = text; }
void read(const std::string& text, bool& value) {
  if (text != "true" && text != "false") throw std::invalid_argument("wants true or false");
  value = text == "true";
}
template <typename T>
requires std::is_arithmetic_v<T>
void read(const std::string& text, T& value) {
  const auto number = parse_number(text);
  if (!number) throw std::invalid_argument("wants a number");
  value = static_cast<T>(*number);
  if (static_cast<double>(value) != *number)
    throw std::invalid_argument(std::is_unsigned_v<T> ? "wants a whole number from 0" : "wants a whole number");
}
void read(const std::string& text, std::optional<double>& value) {
  if (text.empty()) return;
  read(text, value.emplace());
}
template <typename T>
requires std::is_enum_v<T>
void read(const std::string& text, T& value) {
  value = nlohmann::json(text).get<T>();
  // An unknown name reads as the first; only its own name reads back.
  if (to_text(value) != text) throw std::invalid_argument("is none of the values that --help lists");
}
template <typename T>
void read(const std::string& text, std::vector<T>& value) {
  value.clear();
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    item.erase(0, item.find_first_not_of(' '));
    item.erase(item.find_last_not_of(' ') + 1);
    if (!item.empty()) read(item, value.emplace_back());
  }
}

class Builder {
 public:
  template <typename T>
  Builder& operator()(const std::string& key, T& value, const std::string& help) {
    options_.add(
        {key, to_text(value), help, [&value](const std::string& text) { read(text, value); }, std::is_same_v<T, bool>});
    return *this;
  }
  // One that does not change what a run learns: it may differ when the run goes on.
  template <typename T>
  Builder& neutral(const std::string& key, T& value, const std::string& help) {
    (*this)(key, value, help);
    options_.make_last_neutral();
    return *this;
  }
  Options take() { return std::move(options_); }

 private:
  Options options_;
};

void add_table(Builder& add, const std::string& section, TableOptions& table, const char* of) {
  add(section + ".files", table.files, "tables, comma-separated: text or .parquet files, globs allowed");
  add(section + ".separator", table.separator, "between columns of text files: one character, or tab");
  if (section != "interactions") add(section + ".key", table.key, fmt::format("column of the {}'s key", of));
  add(section + ".categorical", table.categorical, "columns that hold one key, comma-separated");
  add(section + ".multi", table.multi, "columns that hold several keys");
  add(section + ".multi-separator", table.multi_separator, "between the keys of a cell: text, or space");
  add(section + ".dense", table.dense, "columns that hold a number; standardised, missing ones are the mean");
}

std::map<std::string, std::string> read_ini_text(const std::string& text) {
  namespace po = boost::program_options;
  std::istringstream stream(text);
  std::map<std::string, std::string> values;
  for (const auto& option : po::parse_config_file(stream, po::options_description(), true).options)
    values[option.string_key] = option.value.empty() ? "" : option.value[0];
  return values;
}

}  // namespace

TrainOptions train_options(const Configuration& configuration) {
  auto options = configuration.train;
  options.validation = configuration.evaluate;
  options.save.run = configuration.run;
  return options;
}

void check(const Configuration& configuration, int ranks) {
  require(!configuration.run.empty(), "train.run is not set: name the folder of the run");
  require(!configuration.data.dataset.empty(), "data.dataset is not set: name the folder of the data set");
  require(configuration.threads >= 1, "train.threads must be at least 1");
  require(configuration.exchange != Exchange::kNccl || configuration.device == DeviceKind::kCuda,
          "train.exchange = nccl needs train.device = cuda");
  require(configuration.train.precision != Precision::kTf32 || configuration.device == DeviceKind::kCuda,
          "train.precision = tf32 needs train.device = cuda");
  check(configuration.model);
  check(configuration.train, ranks);
}

std::string first_difference(const std::string& was, const std::string& is) {
  Configuration unused;
  const auto options = options_of(unused);
  const auto before = read_ini_text(was), now = read_ini_text(is);
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    // An option that the older program did not know is at its default.
    if (found == before.end() || found->second == value || !options.changes_what_is_learned(key)) continue;
    return fmt::format("{} ('{}', now '{}')", key, found->second, value);
  }
  return "";
}

Options options_of(Configuration& c) {
  Builder add;
  add("data.dataset", c.data.dataset, "folder of the data set")(
      "data.task", c.data.task, "what is adapted to: user or item")("data.shards", c.data.shards,
                                                                    "files that tasks are spread over")(
      "data.on-error", c.data.on_error, "what a bad row does: fail, or skip (left out, counted by reason)")(
      "data.min-rows", c.data.min_rows, "rows that a task must have, or it is left out")(
      "data.min-count", c.data.min_count, "times a key must occur in training, or it is unknown")(
      "data.min-counts", c.data.min_counts, "the same for single columns: column:count, comma-separated")(
      "data.label-min", c.data.label_min,
      "smallest valid label; empty: no bound, and the range is the training tasks'")("data.label-max", c.data.label_max,
                                                                                     "largest valid label")(
      "data.validation", c.data.validation, "tasks to choose models by: their share, or a file with a key a line")(
      "data.test", c.data.test, "tasks to judge models on: their share, or a file with a key a line")(
      "data.seed", c.data.seed, "of the split")(
      "data.verify", c.verify, "check the digest of each file of the data set when it is first opened");
  add_table(add, "interactions", c.data.interactions, "");
  add("interactions.user", c.data.user, "column of the user's key")(
      "interactions.item", c.data.item, "column of the item's key")("interactions.label", c.data.label,
                                                                    "column of the target, a number")(
      "interactions.time", c.data.time, "column of the time: a number or ISO 8601; empty: rows are in order");
  add_table(add, "users", c.data.users, "user");
  add_table(add, "items", c.data.items, "item");

  auto& model = c.model;
  add("model.embedding", model.embedding, "width of embeddings")(
      "model.tower", model.tower, "widths of the tower's hidden layers, comma-separated")(
      "model.features", model.features, "width of the features that the head weighs")(
      "model.prior", model.prior, "width of the task network's hidden layer")("model.loss", model.loss,
                                                                              "squared, or binary (labels 0 and 1)")(
      "model.absolute", model.absolute, "weight of a smooth absolute error beside the squared");
  auto& inner = model.inner;
  add("inner.steps", inner.steps, "inner steps; 0: joint training without adaptation")(
      "inner.scope", inner.scope, "what adapts: head, dense (the tower too) or all (embeddings too)")(
      "inner.second-order", inner.second_order, "differentiate through the inner gradients: true or false")(
      "inner.rates", inner.rates, "fixed, per-layer (learned, a layer and step) or per-parameter (learned)")(
      "inner.rate", inner.rate, "inner rate of the head; where learned, its start")(
      "inner.tower-rate", inner.tower_rate, "inner rate of other layers; where learned, its start")(
      "inner.kappa", inner.kappa, "steps are divided by (support rows + kappa); where rates are learned, its start")(
      "inner.pull", inner.pull, "strength of the pull to the prior; where rates are learned, its start")(
      "inner.form", inner.form,
      "how adapted layers are held: activations, weights, or auto (whichever costs less, a layer and a batch)");

  auto& train = c.train;
  add.neutral("train.run", c.run, "folder of the run: configuration, metrics, model")(
         "train.steps", train.steps, "meta-steps; 0: as many as epochs take")(
         "train.epochs", train.epochs, "passes over the training tasks")("train.tasks", train.tasks,
                                                                         "tasks of a meta-step")(
         "train.microbatches", train.microbatches, "parts of a meta-step, a power of two; at most so many ranks")(
         "train.seed", train.seed, "of everything random in a run")
      .neutral("train.threads", c.threads, "threads of a rank")("train.device", c.device,
                                                                "cpu, or cuda: one GPU a rank")(
          "train.precision", train.precision, "of products: float32, tf32 (GPUs only) or bfloat16 (adapted layers)")(
          "train.reduction", train.reduction,
          "how gradients are added over ranks: fixed-order (the same bits on 1, 2, 4 ... ranks), or transport: as MPI "
          "or NCCL does")
      .neutral("train.exchange", c.exchange,
               "how gradients travel: auto (nccl on GPUs, else mpi), mpi (from host memory) or nccl")
      .neutral(
          "train.bucket-megabytes", train.bucket_megabytes,
          "of the gradient, added over ranks at once while the reverse pass goes on; 0: all of it, after the pass")(
          "train.rate", train.adam.rate, "outer rate (Adam; warm-up, then cosine decay)")(
          "train.warmup", train.adam.warmup, "steps of warm-up")("train.clip-norm", train.adam.clip_norm,
                                                                 "largest norm of the meta-gradient; 0: no limit")(
          "train.inner-rate-factor", train.adam.inner_rate_factor,
          "inner rates learn at this multiple of the outer rate")("train.embedding-l2", train.adam.embedding_l2,
                                                                  "L2 penalty of embeddings")(
          "train.network-l2", train.adam.network_l2, "L2 penalty of all other parameters but inner rates")(
          "train.dropout", train.dropout, "share of units dropped")(
          "train.key-dropout", train.key_dropout, "share of rows trained on as if their key were unknown")(
          "train.all-keys-dropout", train.all_keys_dropout, "share of steps in which all rows are")
      .neutral("train.log-every", train.log_every, "steps between metrics")
      .neutral("train.check-every", train.check_every,
               "steps between comparisons of the ranks' parameters; 0: only at the end")(
          "train.validate-every", train.validate_every, "steps between validations; 0: ten a run")(
          "train.keep-best", train.keep_best,
          "end with the parameters that did best on validation; false: with the last")(
          "train.patience", train.patience, "validations without a better one before stopping; 0: never")
      .neutral("train.resume", c.resume,
               "auto: from the run's newest good checkpoint; never: only in an empty folder; or a checkpoint of "
               "another run, to start there")
      .neutral("train.checkpoint-every", train.save.every_steps, "steps between checkpoints; 0: by time only")
      .neutral("train.checkpoint-minutes", train.save.every_minutes, "minutes between checkpoints; 0: by steps only")
      .neutral("train.keep-last", train.save.retention.last, "checkpoints that stay, and the best on validation")
      .neutral("train.keep-every", train.save.retention.every,
               "steps of which every multiple's checkpoint stays; 0: none")
      .neutral("train.strict-checkpoints", train.save.strict,
               "a checkpoint that cannot be written ends the run: true or false")(
          "train.loss-limit", train.loss_limit,
          "times the running median: a larger loss takes the run back; 0: only one that is not finite")(
          "train.rollbacks", train.rollbacks, "times that a run is taken back before it gives up")
      .neutral("train.hang-seconds", train.hang_seconds, "seconds without progress that end the run; 0: never");
  add("episode.order", train.episode.order, "time: support rows are earlier than query rows; or shuffle")(
      "episode.support-max", train.episode.support_max, "largest support, rows; sizes are uniform from 0")(
      "episode.support-common", train.episode.support_common,
      "support sizes, rows, of which one is common to all tasks ...")(
      "episode.support-common-share", train.episode.support_common_share, "... in this share of the meta-steps")(
      "episode.query-max", train.episode.query_max, "largest query, rows")("episode.query-min", train.episode.query_min,
                                                                           "rows that a support leaves for the query")(
      "episode.rows", train.episode.rows_per_episode, "a task is drawn ceil(its rows / this) times an epoch; 0: once");
  add("evaluate.support", c.evaluate.support, "support sizes, rows, or all; also of validation")(
      "evaluate.query", c.evaluate.query, "rows of a task that judge")(
      "evaluate.order", c.evaluate.order, "time: a task's last rows judge; shuffle: a seeded choice")(
      "evaluate.seed", c.evaluate.seed, "of that choice and of ALS")
      .neutral("evaluate.joint", c.joint, "run of a model with inner.steps = 0, for the rows joint and fine-tuned")
      .neutral("evaluate.als-factors", c.als.factors, "factors of the ALS baseline")
      .neutral("evaluate.als-regularisation", c.als.regularisation, "of the ALS baseline")
      .neutral("evaluate.output", c.evaluation, "file for the results as JSON");
  auto& submit = c.submit;
  add("submit.nodes", submit.nodes, "nodes")("submit.ranks-per-node", submit.ranks_per_node, "ranks on each node")(
      "submit.gpus-per-node", submit.gpus_per_node, "GPUs of each node")("submit.cpus-per-rank", submit.cpus_per_rank,
                                                                         "CPUs of each rank; 0: train.threads")(
      "submit.time", submit.time, "time limit as sbatch has it: minutes, or hours:minutes:seconds")(
      "submit.partition", submit.partition, "of the cluster")("submit.account", submit.account, "to charge")(
      "submit.qos", submit.qos, "quality of service")("submit.constraint", submit.constraint,
                                                      "features that nodes must have")(
      "submit.sbatch-option", submit.sbatch_options, "more options of sbatch, comma-separated, such as --exclusive")(
      "submit.mpi", submit.mpi, "srun's MPI plugin")(
      "submit.warn-seconds", submit.warn_seconds,
      "before the time limit, when the run is told to save; 0: measured, with a margin")(
      "submit.requeues", submit.requeues,
      "times that a job is sent again without a newer checkpoint before it is given up")(
      "submit.dry-run", c.dry_run, "print the script, send nothing: true or false")(
      "submit.wait", c.wait, "follow the log and end with the job's exit code");
  add("sweep.to", c.sweep, "folder of the sweep, one run a point")("sweep.random", c.sweep_points,
                                                                   "points drawn from the grid, by train.seed; 0: all")(
      "sweep.summary", c.sweep_summary,
      "folder of a sweep: print its results and draw them into summary.svg, send nothing")(
      "sweep.dry-run", c.dry_run, "print the script, send nothing: true or false");
  add("report.output", c.report, "file for the report as HTML");
  add("synthesize.to", c.synthesize.folder, "new folder for the tables")(
      "synthesize.users", c.synthesize.users, "users")("synthesize.items", c.synthesize.items, "items")(
      "synthesize.rows-per-user", c.synthesize.rows_per_user, "rows a user has on average")(
      "synthesize.rank", c.synthesize.rank, "of the planted preferences")("synthesize.noise", c.synthesize.noise,
                                                                          "standard deviation of the labels' noise")(
      "synthesize.seed", c.synthesize.seed, "of all that is drawn");
  return add.take();
}

}  // namespace warmstart
