#include "serving/model_repository.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/pending_folder.h"
#include "base/plural.h"
#include "serving/encoded_catalogue.h"
#include "serving/onnx_model.h"
#include "serving/triton_config.h"
#include "serving/verification.h"
#include "serving/version_changes.h"
#include "trainer/learner/methods.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr int kVersionOfFormat = 1;
constexpr const char* kDescription = "model.json";
constexpr double kMostDifference = 1e-4;  // of float32; what was traced wrongly is far off

std::optional<std::int64_t> version_in(const std::string& name) {
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  if (error != std::errc() || end != name.data() + name.size() || version < 1) return std::nullopt;
  return version;
}

// 0 where there is none.
std::int64_t newest_version(const fs::path& folder) {
  std::int64_t newest = 0;
  if (!fs::is_directory(folder)) return newest;
  for (const auto& entry : fs::directory_iterator(folder))
    newest = std::max(newest, version_in(entry.path().filename().string()).value_or(0));
  return newest;
}

// Nested lists; what is not a number is null.
nlohmann::json nested(const at::Tensor& values) {
  if (values.dim() > 0) {
    auto list = nlohmann::json::array();
    for (std::int64_t i = 0; i < values.size(0); ++i) list.push_back(nested(values[i]));
    return list;
  }
  if (values.scalar_type() == at::kLong) return values.item<std::int64_t>();
  const auto value = values.item<float>();
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

nlohmann::json nested(const NamedValues& values, const std::vector<GraphValue>& wanted) {
  auto object = nlohmann::json::object();
  for (const auto& value : wanted)
    if (const auto found = values.find(value.name); found != values.end()) object[value.name] = nested(found->second);
  return object;
}

nlohmann::json described(const std::vector<GraphValue>& values) {
  auto list = nlohmann::json::array();
  for (const auto& value : values)
    list.push_back({{"name", value.name}, {"type", value.is_ids ? "int64" : "float32"}, {"sizes", value.sizes}});
  return list;
}

// What a field's inputs hold, and what stands for a value that is not there.
nlohmann::json field_of(const Schema& schema, const RequestInput& input) {
  nlohmann::json field = {{"field", input.field->name}, {"kind", name_of(input.field->kind)}};
  if (!input.is_ids) {
    field["default"] = nullptr;
    field["mean"] = input.field->mean;
    field["deviation"] = input.field->deviation;
    return field;
  }
  field["default"] = 0;
  field["vocabulary"] = vocabulary_file(schema, *input.field);
  field["vocabulary_size"] = input.field->vocabulary_size;
  return field;
}

nlohmann::json fields_of(const Schema& schema) {
  auto fields = nlohmann::json::object();
  for (const auto part : {RequestPart::kTask, RequestPart::kSupport, RequestPart::kCandidates})
    for (const auto& input : request_inputs(schema, part))
      if (input.field) fields[input.name] = field_of(schema, input);
  return fields;
}

std::string folder_name(const std::string& name, GraphKind kind) { return name + suffix_of(kind); }

void check_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
  require(!name.empty() && plain && name.front() != '.' && name.size() <= 100,
          "export.name is made of letters, digits, '-', '_' and '.', as Triton wants it");
  for (const auto kind : kAllGraphs)
    require(kind == GraphKind::kModel || !name.ends_with(suffix_of(kind)),
            fmt::format("export.name = {}: names in {} are those of other graphs of a model", name, suffix_of(kind)));
}

// Rows of tables are told by ids, which vocabularies make.
void require_same_vocabularies(const VersionFiles& since, const VersionFiles& version) {
  for (const auto& [file, path] : version.paths) {
    if (file.find("/vocabularies/") == std::string::npos) continue;
    const auto older = since.paths.find(file);
    require(older != since.paths.end() && digest_file(older->second) == digest_file(path),
            fmt::format("export.since = {}: {} is another there, so that tables have other rows: export without it",
                        since.version, file));
  }
}

// One export from start to end.
class Exporter {
 public:
  Exporter(Learner& model, const Dataset& dataset, const nlohmann::json& provenance, const ExportOptions& options)
      : model_(model), dataset_(dataset), provenance_(provenance), options_(options), catalogue_(dataset) {
    check_name(options.name);
    require(model.objective().outputs() == 1,
            "export: model.objective = classes has an output for each class, and what is served has one score a row");
    if (options.ranks_catalogue) check_ranking();
    graphs_ = trace(model, options.ranks_catalogue ? &catalogue_ : nullptr);
    if (!options.since.empty()) check_since();
    for (const auto& graph : graphs_) scripts_.emplace_back(graph);
  }

  ExportReport run() {
    create_folders();
    check_configs();
    report_.version = std::to_string(newest_version(folder(GraphKind::kModel)) + 1);
    // The whole model's folder comes last: it makes the version complete.
    PendingFolder model(target(GraphKind::kModel));
    remove_incomplete();
    std::vector<fs::path> folders = {model.path()};
    std::deque<PendingFolder> others;
    for (std::size_t i = 1; i < graphs_.size(); ++i)
      folders.push_back(others.emplace_back(target(graphs_[i].kind)).path());
    for (std::size_t i = 0; i < graphs_.size(); ++i) write_graph(graphs_[i], scripts_[i], folders[i]);
    catalogue_.write(model.path());
    verify(folders);
    describe(model.path(), folders);
    if (!options_.since.empty()) add_changes(folders);
    for (const auto& graph : graphs_) write_file(folder(graph.kind) / "config.pbtxt", config(graph));
    for (auto& other : others) other.commit();
    model.commit();
    report_.folder = target(GraphKind::kModel);
    return report_;
  }

 private:
  void check_since() const {
    require(version_in(options_.since).has_value(),
            fmt::format("export.since = {}: is no version, as 3 is", options_.since));
    require(
        fs::exists(folder(GraphKind::kModel) / options_.since / kDescription),
        fmt::format("export.since = {}: {} holds no such version", options_.since, folder(GraphKind::kModel).string()));
    const ExportedModel older(folder(GraphKind::kModel) / options_.since);
    // Where changes are applied, nobody writes the config.pbtxt of a new graph.
    for (const auto& graph : graphs_) {
      const auto name = folder_name(options_.name, graph.kind);
      require(object_at(older.description(), "graphs").contains(name),
              fmt::format("export.since = {}: that version has no {}: export with the same options, or without it",
                          options_.since, name));
    }
  }

  void check_ranking() const {
    const auto reason = not_encoded_because(model_);
    require(reason.empty(), fmt::format("export.items: the {} cannot be ranked in one product: {}; export without it",
                                        plural_of(dataset_.schema().entity), reason));
    require(catalogue_.entities() > 0, "export.items: the data set has none");
  }

  fs::path folder(GraphKind kind) const { return options_.repository / folder_name(options_.name, kind); }
  fs::path target(GraphKind kind) const { return folder(kind) / report_.version; }
  std::string config(const TracedModel& graph) const {
    return triton_config(folder_name(options_.name, graph.kind), graph);
  }

  void create_folders() const {
    for (const auto& graph : graphs_) {
      std::error_code error;
      fs::create_directories(folder(graph.kind), error);
      if (error)
        throw EnvironmentError(fmt::format("{}: cannot create: {}", folder(graph.kind).string(), error.message()));
    }
  }

  // All versions of one name are asked in the same way.
  void check_configs() const {
    for (const auto& graph : graphs_) {
      const auto path = folder(graph.kind) / "config.pbtxt";
      if (newest_version(folder(GraphKind::kModel)) == 0 || !fs::exists(path)) continue;
      require(read_file(path) == config(graph),
              fmt::format("{}: the versions there take other inputs, or give other outputs; choose another export.name",
                          path.string()));
    }
  }

  // What an export that was ended has left.
  void remove_incomplete() const {
    for (const auto& graph : graphs_)
      if (graph.kind != GraphKind::kModel) fs::remove_all(target(graph.kind));
  }

  void write_graph(const TracedModel& graph, const TorchScript& script, const fs::path& to) const {
    const auto path = to / "model.onnx";
    write_onnx_model(graph, path, options_.precision);
    script.save(to / "model.pt");
  }

  void verify(const std::vector<fs::path>& folders) {
    requests_ = checked_requests(model_, dataset_, options_.most_support);
    const auto runtime = OnnxRuntime::load();
    if (runtime) report_.runtime = runtime->version();
    std::vector<RunnableGraph> graphs;
    for (std::size_t i = 0; i < graphs_.size(); ++i)
      graphs.push_back({&scripts_[i], &graphs_[i], folders[i] / "model.onnx"});
    report_.requests = static_cast<std::int64_t>(requests_.size());
    report_.largest_difference = warmstart::largest_difference(graphs, requests_, catalogue_, runtime);
    // Coarser weights are meant to differ: then LibTorch's graphs, which are in float32, must agree.
    const bool coarse = options_.precision != WeightPrecision::kFloat32;
    const auto exact =
        coarse ? warmstart::largest_difference(graphs, requests_, catalogue_, nullptr) : report_.largest_difference;
    if (exact > kMostDifference)
      throw DataError(
          fmt::format("export: a graph's answer is {:.2g} from the trainer's, which float32 does not explain; "
                      "nothing was published",
                      exact));
  }

  nlohmann::json description() const {
    const auto& schema = dataset_.schema();
    auto graphs = nlohmann::json::object();
    for (const auto& graph : graphs_)
      graphs[folder_name(options_.name, graph.kind)] = {{"inputs", described(graph.inputs)},
                                                        {"outputs", described(graph.outputs)}};
    auto request = requests_[0].request;
    return {{"format", kVersionOfFormat},
            {"name", options_.name},
            {"method", name_of(model_.options())},
            {"label", {{"name", schema.label}, {"min", schema.label_min}, {"max", schema.label_max}}},
            {"most_support", options_.most_support},
            {"precision", options_.precision},
            {"memory", memory_of(schema)},
            {"schema", to_json(schema)},
            {"inputs", fields_of(schema)},
            {"graphs", graphs},
            {"provenance", provenance_},
            {"sample",
             {{"request", nested(request, graphs_[0].inputs)},
              {"answer", nested(scripts_[0].run(request), graphs_[0].outputs)}}}};
  }

  // How a task's memory is one list; for a memory that cannot be one, why.
  nlohmann::json memory_of(const Schema& schema) const {
    try {
      return MemoryLayout(schema, scripts_[1], options_.most_support).json();
    } catch (const DataError& error) {
      return {{"no_list", error.what()}};
    }
  }

  void describe(const fs::path& to, const std::vector<fs::path>& folders) {
    auto description = this->description();
    auto& files = description["files"] = nlohmann::json::object();
    for (std::size_t i = 0; i < folders.size(); ++i) {
      for (const auto& entry : fs::recursive_directory_iterator(folders[i])) {
        if (!entry.is_regular_file() || entry.path().filename() == "lock") continue;
        const auto name =
            folder_name(options_.name, graphs_[i].kind) + "/" + fs::relative(entry.path(), folders[i]).string();
        files[name] = digest_file(entry.path());
        report_.files.emplace_back(name, entry.file_size());
      }
    }
    write_file(to / kDescription, description.dump(1) + "\n");
  }

  // Beside the version's own files.
  void add_changes(const std::vector<fs::path>& folders) {
    const auto since = version_files(options_.repository, options_.name, options_.since);
    VersionFiles version = {options_.name, report_.version, {}};
    version.paths[options_.name + "/" + kDescription] = folders[0] / kDescription;
    for (const auto& [file, bytes] : report_.files) {
      const auto slash = file.find('/');
      for (std::size_t i = 0; i < folders.size(); ++i)
        if (file.substr(0, slash) == folder_name(options_.name, graphs_[i].kind))
          version.paths[file] = folders[i] / file.substr(slash + 1);
    }
    require_same_vocabularies(since, version);
    report_.changed_rows =
        write_changes(since, version, tables_of(model_, catalogue_), folders[0] / ("since-" + options_.since));
  }

  Learner& model_;
  const Dataset& dataset_;
  const nlohmann::json& provenance_;
  const ExportOptions& options_;
  Catalogue catalogue_;
  std::vector<TracedModel> graphs_;
  std::vector<TorchScript> scripts_;
  std::vector<CheckedRequest> requests_;
  ExportReport report_;
};

std::vector<GraphValue> values_of(const nlohmann::json& list) {
  std::vector<GraphValue> values;
  for (const auto& entry : list) {
    GraphValue value = {text_at(entry, "name"), text_at(entry, "type") == "int64", {}};
    for (const auto& size : list_at(entry, "sizes")) value.sizes.push_back(as_text(size, "sizes"));
    values.push_back(std::move(value));
  }
  return values;
}

fs::path version_folder(const fs::path& path) {
  // A path that ends in a slash has no name of its own.
  if (fs::exists(path / kDescription)) return fs::weakly_canonical(path / kDescription).parent_path();
  const auto newest = newest_version(path);
  if (newest == 0)
    throw DataError(
        fmt::format("{}: holds no version of an exported model; name MODELS/NAME, or export one", path.string()));
  return path / std::to_string(newest);
}

}  // namespace

ExportReport export_model(Learner& model, const Dataset& dataset, const nlohmann::json& provenance,
                          const ExportOptions& options) {
  return Exporter(model, dataset, provenance, options).run();
}

ExportedModel::ExportedModel(const fs::path& path, const std::vector<GraphKind>& wanted)
    : folder_(version_folder(path)) {
  const auto& folder = folder_;
  try {
    description_ = read_json(folder / kDescription);
    if (integer_at(description_, "format") != kVersionOfFormat)
      throw DataError("is of another version of the format; export the model again");
    const auto& name = file_name_at(description_, "name");
    const auto repository = fs::absolute(folder).lexically_normal().parent_path().parent_path();
    const auto place_of = [&](const std::string& file) {
      const auto slash = file.find('/');
      return repository / file.substr(0, slash) / folder.filename() / file.substr(slash + 1);
    };
    for (const auto& [file, sum] : object_at(description_, "files").items())
      if (digest_file(place_of(file)) != sum)
        throw DataError(fmt::format("{}: is not what was exported; export again", file));
    catalogue_ = std::make_unique<Catalogue>(schema_from_json(object_at(description_, "schema")), folder);
    const auto& graphs = object_at(description_, "graphs");
    for (const auto kind : wanted) {
      const auto graph = folder_name(name, kind);
      if (kind == GraphKind::kRank && !graphs.contains(graph)) continue;
      const auto& described = object_at(graphs, graph.c_str());
      graphs_.try_emplace(kind, place_of(graph + "/model.pt"), values_of(list_at(described, "inputs")),
                          values_of(list_at(described, "outputs")));
    }
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", folder.string(), error.what()));
  }
}

MemoryFormat ExportedModel::memory_format() const {
  const MemoryMaker maker = {text_at(description_, "name"), folder_.filename().string(),
                             digest_file(folder_ / kDescription)};
  try {
    return {catalogue().schema().task, maker,
            MemoryLayout(catalogue().schema(), graph(GraphKind::kAdapt), integer_at(description_, "most_support", 1))};
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", folder_.string(), error.what()));
  }
}

}  // namespace warmstart
