#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "data/schema.h"
#include "trainer/adaptation/stage.h"
#include "trainer/evaluation/recommender.h"
#include "trainer/learner/model_options.h"
#include "trainer/networks/make_network.h"
#include "trainer/tables/tables.h"

namespace warmstart {

constexpr const char* kKeyBias = "key_bias";  // the table of where each key's scores start

// Whether a learner gets values, or only says what it would be made of: of one without values what counts parameters,
// tables and arithmetic may be asked, and nothing else.
enum class LearnerValues { kInitial, kNone };

// A model whole: a network, the stages that adapt it to a task, an objective.  It joins them and is all that training,
// evaluation, checkpoints and baselines know.  Thread-safe for reading.
class Learner : public Recommender {
 public:
  using MakeNetwork = std::function<std::unique_ptr<Network>(const NetworkParts&)>;

  // Fresh parameters drawn from `seed`; of tables those rows that `home` says.  Throws UsageError when the options make
  // no sense together, or the parameters do not fit the host's memory.
  Learner(const Schema& schema, const ModelOptions& options, std::uint64_t seed,
          const MakeNetwork& make_network = warmstart::make_network, const TableHome& home = {},
          LearnerValues values = LearnerValues::kInitial);

  const ModelOptions& options() const { return options_; }
  const Schema& schema() const { return schema_; }
  const Network& network() const { return *network_; }
  const Objective& objective() const { return *objective_; }
  // Sets where scores start: every row's, and (size: the keys' ids, or undefined) each key's.
  void start_from(double score, const at::Tensor& key_bias);

  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }

  // Which of them are embedding tables.
  const std::vector<std::string>& tables() const { return tables_.replicated().names(); }

  // The tables that are not among the parameters.
  ShardedTables& sharded_tables() { return tables_.sharded(); }
  const ShardedTables& sharded_tables() const { return tables_.sharded(); }

  // Of tables that are neither: copies of rows.  Null where there are none.
  const std::shared_ptr<CopiedTables>& copied_tables() const { return tables_.copied(); }

  // All tables, wherever their rows are, in the order of their declarations; and all rows of one of which this process
  // has them all, [ids, width].
  const std::vector<std::string>& all_tables() const { return tables_.names(); }
  at::Tensor whole_table(const std::string& table) const { return tables_.whole(table); }

  // The parameters as the batch's microbatches see them, for the functions below; `fetched` of sharded tables.
  BatchParameters batch_parameters(const TensorBatch& batch, Leaves leaves = Leaves::kParameters,
                                   FetchedRows fetched = {}) const;

  // What each task makes its own of its support rows.
  TaskState adapt(const BatchParameters& parameters, const TensorBatch& batch) const;

  // Adapts to each task's support rows and computes its query rows' outputs: [T, Q, C], differentiable.  `dropout` is
  // null outside of training.
  at::Tensor outputs(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                     Precision precision = Precision::kFloat32) const;

  // Each task's mean outer loss over its query rows and, as adapt.leave-one-out says, its support rows, each left out:
  // [T].  `rows`: the encoding of the batch's distinct rows where they were encoded before; else null.
  at::Tensor losses(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                    Precision precision = Precision::kFloat32, const Encoding* rows = nullptr) const;

  // Each task's mean query loss where none adapts, as one model of all of them would be trained: [T].
  at::Tensor joint_losses(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                          Precision precision = Precision::kFloat32, const Encoding* rows = nullptr) const;

  // Each task's mean query loss after adaptation, whose gradient is not its own but minus what inner steps have changed
  // of the parameters for the task, times `weights` [T]: [T].  For the stage `steps` with fixed rates.
  at::Tensor change_losses(const BatchParameters& parameters, const TensorBatch& batch, const at::Tensor& weights,
                           const Dropout* dropout, Precision precision = Precision::kFloat32) const;

  // Whether a row looks the same to all tasks, so that it can be encoded once for all: none of their layers adapts or
  // is modulated, and the network does not look at the support.
  bool encodes_rows_once() const {
    return !layers_.any_adapts() && !network_->reads_history() && !options_.adapt.modulation;
  }

  // The encoding of the batch's distinct rows before any adaptation: [N, D] and [N, 1], with
  // the parts that stages read.
  Encoding encode(const BatchParameters& parameters, const TensorBatch& batch, const Dropout* dropout,
                  Precision precision = Precision::kFloat32) const;

  // Numbers of a row's Encoding, where encodes_rows_once().
  std::int64_t encoding_width() const;

  // Of a row on its way through the network.
  double multiply_adds() const { return layers_.multiply_adds(); }

  // How each linear layer that adapts is held in a batch of so many support and query rows a task.
  std::vector<LayerPlan> plan(std::int64_t support, std::int64_t query) const { return layers_.plan(support, query); }

  // Predictions on the scale of the label, within its range; of an objective that ranks() rows, scores on none.
  Predictions predict(const EpisodeBatch& batch) const override { return predicted(batch, learns_noise()); }
  Predictions predict_labels(const EpisodeBatch& batch) const override { return predicted(batch, false); }
  // Whether all entities can be scored by their encodings alone.
  bool scores_catalogues() const {
    return encodes_rows_once() && rows_are_entities(schema_) && objective_->outputs() == 1;
  }
  std::unique_ptr<CatalogueScorer> catalogue_scorer(const Dataset& dataset) const override;
  bool tells_distributions() const override { return learns_noise(); }
  bool reads_order() const override;

  // Why each query row's output is what it is: it is the sum of the three, to rounding.
  struct Reasons {
    at::Tensor prior;        // [T, Q]: of a task without support rows
    at::Tensor shares;       // [T, Q, S]: what each support row adds
    at::Tensor unexplained;  // [T, Q]: what layers that adapt and networks that look at the support add, which no row
                             // can be given; else 0, to rounding
  };
  Reasons reasons(const BatchParameters& parameters, const TensorBatch& batch) const;

  // What a served model says of a request's query rows.
  struct Answer {
    at::Tensor scores;           // [T, Q]: as predict() has them
    at::Tensor outputs;          // [T, Q]: the network's, which reasons add up to
    at::Tensor deviations = {};  // [T, Q]: of a label around its output; where deviations are learned
    Reasons reasons = {};
  };
  // For all of a request's functions; PlainArithmetic stands while they run, so that they can be traced.
  BatchParameters request_parameters() const;
  Answer answer(const BatchParameters& parameters, const Request& request) const;
  // In two calls: what tasks are to be remembered by, of a request without query rows; and an answer without reasons,
  // of one with query rows alone.
  TaskState::Memory memory(const BatchParameters& parameters, const Request& request) const;
  Answer answer(const BatchParameters& parameters, const Request& request, const TaskState::Memory& memory) const;
  // The memory with the request's support rows joined to those that it is of; where updates().
  TaskState::Memory update(const BatchParameters& parameters, const Request& request,
                           const TaskState::Memory& memory) const;
  bool updates() const;

  // Rows that are encoded once for all tasks, where encodes_rows_once(): [N, ..].
  Encoding encode(const BatchParameters& parameters, const FeatureTensors& rows) const;
  // What tasks of which the memory is would say of them all: [T, N]; and the answer about some of them, [T, R, ..].
  at::Tensor outputs_of_all(const BatchParameters& parameters, const Encoding& rows,
                            const TaskState::Memory& memory) const;
  Answer answer(const BatchParameters& parameters, const Encoding& rows, const TaskState::Memory& memory) const;

 private:
  class Batch;

  TaskState unadapted(AdaptedLayers layers) const;
  TaskState remembered(const BatchParameters& parameters, const TaskState::Memory& memory) const;
  Answer answer_of(const RowEncoder& query, const TaskState& state) const;
  at::Tensor scores_of(const at::Tensor& outputs) const;

  // Whether deviations are learned.
  bool learns_noise() const;

  Predictions predicted(const EpisodeBatch& batch, bool distributions) const;

  // Without the tape; without `noise` that of rows is left out, unless rows weigh by it.
  Encoding encode(const Rows& rows, const AdaptedLayers& layers, const std::vector<std::string>& parts,
                  const History* history = nullptr, bool noise = true) const;

  Schema schema_;
  ModelOptions options_;
  Parameters parameters_;
  Tables tables_;
  InnerRule rule_;
  Layers layers_;
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Network> network_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<std::string> row_parts_, query_parts_;  // that stages read
  bool leaves_out_ = false;                           // whether a stage does
};

}  // namespace warmstart
