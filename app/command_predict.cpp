#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "app/command.h"
#include "app/recommendations.h"
#include "base/plural.h"
#include "base/text.h"
#include "serving/memory_reader.h"

namespace warmstart {
namespace {

constexpr std::size_t kShownReasons = 3;

// A task's latest rows in the data set.
AskedTask task_of_dataset(const Predictor& predictor, const std::string& key) {
  require(predictor.run(), "predict.task wants predict.run: an exported model has no data set; give predict.support");
  const auto& dataset = predictor.run()->dataset();
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    const auto view = dataset.task(task);
    if (view.key() != key) continue;
    const auto count = dataset.row_count(task);
    const auto first = static_cast<std::uint32_t>(std::max<std::int64_t>(count - predictor.most_support(), 0));
    AskedTask asked = {key, {}, {}, {}};
    EpisodeRows rows;
    for (auto row = first; row < count; ++row) {
      rows.support.push_back(row);
      asked.support.push_back(dataset.entity_key(view.rows.entity[row]));
    }
    asked.request = request_task(dataset, {task, rows});
    return asked;
  }
  throw DataError(fmt::format("the data set has no {} '{}'", dataset.schema().task, printable(key)));
}

void warn(const TableNotes& notes, const Predictor& predictor) {
  const auto& schema = predictor.catalogue().schema();
  if (notes.unknown_keys > 0)
    spdlog::warn("{} rows are about {} that the model does not know: their fields alone count", notes.unknown_keys,
                 plural_of(schema.entity));
  if (notes.rows_left_out > 0)
    spdlog::warn("{} support rows were left out: an {} counts once, and the latest {} rows of a {} count",
                 notes.rows_left_out, schema.entity, predictor.most_support(), schema.task);
  for (const auto& name : notes.unused) spdlog::warn("the column '{}' is not used", printable(name));
}

std::vector<AskedTask> asked_tasks(const Predictor& predictor, const PredictSettings& settings) {
  require(settings.support.empty() != settings.task.empty(),
          "predict wants one of predict.support (a table) and predict.task (a key in the run's data set)");
  TableNotes notes;
  auto tasks = settings.support.empty()
                   ? std::vector{task_of_dataset(predictor, settings.task)}
                   : read_support(settings.support, predictor.catalogue(), predictor.most_support(), notes);
  if (settings.candidates != kAllCandidates) read_candidates(settings.candidates, predictor.catalogue(), tasks, notes);
  warn(notes, predictor);
  return tasks;
}

// Writes recommendations for people or for scripts.
class Writer {
 public:
  Writer(const Schema& schema, const PredictSettings& settings, std::map<std::string, std::string> titles)
      : schema_(schema), settings_(settings), titles_(std::move(titles)) {
    for (const auto owner : {FieldOwner::kEntity, FieldOwner::kRow})
      for (const auto* field : schema.fields_of(owner)) fields_.push_back(field->name);
    fields_.erase(fields_.begin());  // the key is not explained
  }

  std::string text(const AskedTask& task, const std::vector<Recommendation>& shown) const {
    auto text = task.key.empty() ? std::string() : fmt::format("{} {}\n", schema_.task, printable(task.key));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      text += fmt::format("{:>4}  {:<40} {:.3f}{}\n", i + 1, name_of(shown[i].item), shown[i].ranked.score,
                          deviation_of(shown[i].ranked));
      if (shown[i].explanation) text += reasons(task, *shown[i].explanation);
    }
    return text;
  }

  // `rows`: of the task's support.
  nlohmann::json json(const AskedTask& task, std::size_t rows, const std::vector<Recommendation>& shown) const {
    auto list = nlohmann::json::array();
    for (const auto& one : shown) {
      nlohmann::json entry = {{"item", one.item}, {"score", one.ranked.score}};
      if (settings_.deviation && one.ranked.deviation) entry["deviation"] = *one.ranked.deviation;
      if (one.explanation) add(entry, task, *one.explanation);
      list.push_back(std::move(entry));
    }
    return {{schema_.task, task.key}, {"support", rows}, {"recommendations", list}};
  }

 private:
  std::string name_of(const std::string& item) const {
    const auto found = titles_.find(item);
    return printable(found == titles_.end() ? item : found->second, 60);
  }

  std::string deviation_of(const ServedModel::Ranked& ranked) const {
    return settings_.deviation && ranked.deviation ? fmt::format(" +- {:.3f}", *ranked.deviation) : "";
  }

  // The places of the values that are furthest from 0.
  static std::vector<std::size_t> largest(const std::vector<float>& values) {
    std::vector<std::size_t> places(values.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
    std::stable_sort(places.begin(), places.end(),
                     [&](auto a, auto b) { return std::abs(values[a]) > std::abs(values[b]); });
    places.resize(std::min(places.size(), kShownReasons));
    return places;
  }

  std::string reasons(const AskedTask& task, const ServedModel::Explanation& why) const {
    auto text = fmt::format("        {:+.3f} without any row", why.prior);
    double shown = 0.0, all = 0.0;
    for (const auto influence : why.influences) all += influence;
    for (const auto i : largest(why.influences)) {
      shown += why.influences[i];
      text += fmt::format("\n        {:+.3f} {}", why.influences[i], name_of(task.support[i]));
      if (!schema_.label.empty()) text += fmt::format(" ({} {:g})", schema_.label, task.request.labels[i]);
    }
    if (why.influences.size() > kShownReasons)
      text += fmt::format("\n        {:+.3f} {} more rows", all - shown, why.influences.size() - kShownReasons);
    if (std::abs(why.unexplained) >= 0.0005) text += fmt::format("\n        {:+.3f} unexplained", why.unexplained);
    for (const auto i : largest(why.fields))
      text += fmt::format("{}{} {:+.3f}", i == largest(why.fields)[0] ? "\n        of it by " : ", ", fields_[i],
                          why.fields[i]);
    return text + "\n";
  }

  void add(nlohmann::json& entry, const AskedTask& task, const ServedModel::Explanation& why) const {
    entry["prior"] = why.prior;
    entry["unexplained"] = why.unexplained;
    auto& reasons = entry["reasons"] = nlohmann::json::array();
    for (std::size_t i = 0; i < why.influences.size(); ++i)
      reasons.push_back(
          {{"item", task.support[i]}, {"label", task.request.labels[i]}, {"influence", why.influences[i]}});
    auto& fields = entry["fields"] = nlohmann::json::object();
    for (std::size_t i = 0; i < why.fields.size(); ++i) fields[fields_[i]] = why.fields[i];
  }

  const Schema& schema_;
  const PredictSettings& settings_;
  std::map<std::string, std::string> titles_;
  std::vector<std::string> fields_;  // of a candidate, without its key
};

void check_memories(const PredictSettings& settings) {
  require(!settings.model.empty() && settings.run.empty(),
          "predict.memories wants predict.model: memories belong to a version of an exported model");
  require(settings.support.empty(), "predict wants one of predict.memories and predict.support");
  require(!settings.explain,
          "predict.explain needs the support rows, which a memory does not keep: give them by predict.support");
}

// Calls ask(memory) for each memory that was asked for, as the file's row groups have them.
template <typename Ask>
void for_each_memory(const MemoryReader& reader, const std::string& key, const Ask& ask) {
  if (!key.empty()) return ask(reader.find(key));
  for (int group = 0; group < reader.groups(); ++group)
    for (const auto& memory : reader.group(group)) ask(memory);
}

// Calls show(task, rows, recommendations) for each memory that has candidates.
template <typename Show>
void recommend_from_memories(const Predictor& predictor, const PredictSettings& settings, const Show& show) {
  const auto format = predictor.exported()->memory_format();
  const MemoryReader reader(settings.memories, format);
  TableNotes notes;
  std::optional<CandidateTable> table;
  if (settings.candidates != kAllCandidates) table.emplace(settings.candidates, predictor.catalogue(), notes);
  warn(notes, predictor);
  if (!table && !settings.seen)
    spdlog::warn("a memory does not say which {} its {} has seen: they are among the candidates",
                 plural_of(predictor.catalogue().schema().entity), format.task);
  bool any = false;
  for_each_memory(reader, settings.task, [&](const KeptMemory& memory) {
    AskedTask task = {memory.key, {}, {}, {}};
    if (table && !table->give(task)) return;
    any = true;
    const auto kept = format.layout.tensors(memory.numbers, memory.rows);
    show(task, static_cast<std::size_t>(memory.rows),
         recommendations(predictor.model(), predictor.catalogue(), kept, task, settings));
  });
  if (table && !any)
    throw DataError(
        fmt::format("{}: holds no candidate for any {} that was asked for", settings.candidates, format.task));
}

}  // namespace

ExitCode command_predict(Invocation& invocation) {
  const auto& settings = invocation.configuration.predict;
  if (!settings.memories.empty()) check_memories(settings);
  const Predictor predictor(invocation.configuration);
  const auto& catalogue = predictor.catalogue();
  const Writer writer(catalogue.schema(), settings,
                      settings.titles.empty() ? std::map<std::string, std::string>()
                                              : read_titles(settings.titles, settings.title, catalogue));
  const auto show = [&](const AskedTask& task, std::size_t rows, const std::vector<Recommendation>& shown) {
    fmt::print("{}", invocation.line.json ? writer.json(task, rows, shown).dump() + "\n" : writer.text(task, shown));
  };
  if (!settings.memories.empty()) {
    recommend_from_memories(predictor, settings, show);
    return ExitCode::kOk;
  }
  recommend(predictor, asked_tasks(predictor, settings), settings,
            [&](const auto& task, const auto& shown) { show(task, task.support.size(), shown); });
  return ExitCode::kOk;
}

}  // namespace warmstart
