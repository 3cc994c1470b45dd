// A Triton model repository of one model's graphs.
//
//   NAME/config.pbtxt              what Triton wants to know
//   NAME/V/model.onnx, model.pt    support and candidates -> scores, deviations, influences
//   NAME/V/model.json              what the model is: inputs, vocabularies, labels, provenance, a sample, digests
//   NAME/V/vocabularies/, entities.tsv
//   NAME-adapt/..., NAME-score/... the same in two calls
//   NAME-update/...                a kept memory and one more row -> memory, where the method can
//   NAME-rank/...                  a kept memory -> the best of all entities, which are in the graph, where it was
//   asked for
//
// A version V is there once NAME/V is, which comes last.

#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "data/dataset.h"
#include "serving/catalogue.h"
#include "serving/memory_file.h"
#include "serving/onnx_model.h"
#include "serving/torchscript.h"
#include "trainer/learner/learner.h"

namespace warmstart {

struct ExportOptions {
  std::filesystem::path repository;
  std::string name;
  std::int64_t most_support = 0;  // rows that a request should hold
  WeightPrecision precision = WeightPrecision::kFloat32;
  bool ranks_catalogue = false;
  std::string since;  // an older version, against which changes are written, too; or empty
};

struct ExportReport {
  std::filesystem::path folder;  // of the version
  std::string version;
  std::optional<std::string> runtime;                         // of ONNX Runtime, where it could be tried
  std::int64_t requests = 0;                                  // compared with the trainer
  std::int64_t changed_rows = 0;                              // of tables, since an older version
  double largest_difference = 0.0;                            // of a score, or of a deviation
  std::vector<std::pair<std::string, std::uintmax_t>> files;  // in bytes
};

// Writes the next version.  `model` cannot be trained any more; `dataset` is the one that it was trained on;
// `provenance` joins model.json.  Nothing is published where the graphs and the trainer disagree.  Throws UsageError
// where an older version has other inputs, or the catalogue cannot be ranked.
ExportReport export_model(Learner& model, const Dataset& dataset, const nlohmann::json& provenance,
                          const ExportOptions& options);

// A version that was exported.  Throws DataError naming the file that is missing, damaged or of another model.
class ExportedModel {
 public:
  // `path`: MODELS/NAME for the newest version, or MODELS/NAME/V.  Of its graphs those `wanted` are read that are
  // there; each has its tables in memory.
  explicit ExportedModel(const std::filesystem::path& path,
                         const std::vector<GraphKind>& wanted = {GraphKind::kModel, GraphKind::kAdapt,
                                                                 GraphKind::kScore, GraphKind::kRank});

  const std::filesystem::path& folder() const { return folder_; }  // of the version
  const Catalogue& catalogue() const { return *catalogue_; }
  const nlohmann::json& description() const { return description_; }
  // What its memories are called and look like in a file.  Throws DataError for a model whose memory is no list of
  // numbers.
  MemoryFormat memory_format() const;
  const std::vector<GraphValue>& inputs(GraphKind kind) const { return graph(kind).inputs(); }
  const TorchScript& graph(GraphKind kind) const { return graphs_.at(kind); }
  // kRank is not there in all models.
  const std::map<GraphKind, TorchScript>& graphs() const { return graphs_; }

 private:
  std::filesystem::path folder_;
  nlohmann::json description_;
  std::unique_ptr<Catalogue> catalogue_;
  std::map<GraphKind, TorchScript> graphs_;
};

}  // namespace warmstart
