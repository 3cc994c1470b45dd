#include "app/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "app/progress_line.h"
#include "base/digest.h"
#include "base/plural.h"
#include "cluster/agreement.h"
#include "data/episode_source.h"

namespace warmstart {
namespace {

nlohmann::json support_in_json(const std::string& support) {
  if (support == "all") return support;
  return std::stoll(support);
}

nlohmann::json in_json(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {interval->low, interval->high};
}

nlohmann::json in_json(const PairedDifference& pair) {
  nlohmann::json json = {{"measure", name_of(pair.measure)},
                         {"support", support_in_json(pair.support)},
                         {"value", pair.value},
                         {"other", pair.other},
                         {"difference", pair.difference},
                         {"interval", in_json(pair.interval)},
                         {"excludes_zero", nullptr},
                         {"better", nullptr}};
  if (pair.interval) json["excludes_zero"] = pair.excludes_zero();
  if (pair.better) json["better"] = *pair.better;
  return json;
}

// What is no number is told by a dash.
std::string cell(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }

std::string line_of(const PairedDifference& pair) {
  const auto interval =
      pair.interval ? fmt::format("{:+.4f} to {:+.4f}", pair.interval->low, pair.interval->high) : std::string("-");
  const auto better = pair.better ? fmt::format("{:.0f}%", 100.0 * *pair.better) : std::string("-");
  const auto difference = std::isnan(pair.difference) ? std::string("-") : fmt::format("{:+.4f}", pair.difference);
  const auto* excludes = !pair.interval ? "-" : pair.excludes_zero() ? "yes" : "no";
  return fmt::format("\n{:<16}{:>8}{:>10}{:>12}{:>20}{:>8}{:>12}", pair.support, cell(pair.value), cell(pair.other),
                     difference, interval, better, excludes);
}

}  // namespace

Comparison::Comparison(const Dataset& dataset, const EvaluationOptions& options, Communicator& group)
    : dataset_(dataset),
      test_(dataset, Split::kTest, options, group),
      options_(options),
      tells_(group.rank() == 0),
      measures_(computed_measures(options, test_.scale())) {
  for (const auto& measure : measures_) check(measure, options, test_.scale());
  auto shown = nlohmann::json::array();
  for (const auto& measure : shown_measures(options)) shown.push_back(name_of(measure));
  protocol_ = {{"dataset", dataset.folder().string()},
               {"dataset_digest", dataset.digest()},
               {"split", "test"},
               {"task", tasks_are_of_classes(dataset.schema()) ? "task" : dataset.schema().task},
               {"tasks", test_.tasks()},
               {"query", query_in_protocol()},
               {"candidates", to_text(options.candidates)},
               {"order", options.order},
               {"seed", options.seed},
               {"measures", shown},
               {"bootstrap", options.resamples}};
  if (dataset.split_time()) protocol_["split_time"] = *dataset.split_time();
  if (is_listed()) note_list();
  if (test_.scale().relevant) protocol_["relevant"] = *test_.scale().relevant;
}

nlohmann::json Comparison::query_in_protocol() const {
  if (const auto query = test_.query()) return *query;
  return is_listed() ? "listed" : "rest";
}

// The list says which tasks and rows judge, where the protocol else names the split and the order.
void Comparison::note_list() {
  protocol_["split"] = protocol_["order"] = "listed";
  protocol_["episodes_from"] = options_.episodes_from.string();
  protocol_["episodes_digest"] = digest_file(options_.episodes_from);
}

void Comparison::slice_by(const std::vector<std::int64_t>& training_rows) {
  const auto entities = test_.query_entities();
  std::vector<std::int64_t> popularity;
  popularity.reserve(entities.size());
  for (const auto entity : entities) popularity.push_back(training_rows[entity]);
  slices_ = popularity_slices(popularity);
  for (const auto& measure : shown_measures(options_)) {
    if (is_sliced(measure, options_.candidates)) sliced_.push_back(measure);
  }
  for (std::size_t i = 0; i < PopularitySlices::kCount; ++i)
    protocol_["slices"][PopularitySlices::kNames[i]] = slices_.rows[i].size();
}

std::vector<EvaluationResult> Comparison::judge(const std::string& name, const Recommender& recommender) {
  ProgressDisplay display(ProgressDisplay::Tells::kLong);
  auto results = test_.run(recommender, [&](std::int64_t done, std::int64_t all) {
    if (tells_) display.show(fmt::format("judged {}, tasks times support sizes:", name), done, all);
  });
  for (const auto& result : results) refuse_not_finite(name, result);
  auto found = measurements(results, measures_, options_);
  for (std::size_t i = 0; i < results.size(); ++i) {
    rows_.push_back({name, results[i].support, std::move(found[i]), results[i].calibration, {}});
    for (std::size_t slice = 0; slice < PopularitySlices::kCount; ++slice) {
      for (const auto& measure : sliced_)
        rows_.back().slices[slice].push_back(value_of_rows(measure, results[i], slices_.rows[slice]));
    }
  }
  return results;
}

void Comparison::pair(const std::vector<EvaluationResult>& results, const std::vector<EvaluationResult>& others) {
  pairs_ = paired_differences(results, others, measures_, options_);
}

nlohmann::json Comparison::json_of(const Row& row) const {
  nlohmann::json json = {{"model", row.model}, {"tasks", test_.tasks()}, {"support", support_in_json(row.support)}};
  for (const auto& found : row.measurements) {
    const auto name = name_of(found.measure);
    json[name] = found.value;
    if (options_.resamples > 0) json["intervals"][name] = in_json(found.interval);
    if (found.tasks < test_.tasks()) json["tasks_of"][name] = found.tasks;
  }
  for (std::size_t i = 0; row.calibration && i < Calibration::kCount; ++i)
    json[Calibration::kNames[i]] = row.calibration->values()[i];
  for (std::size_t slice = 0; slice < PopularitySlices::kCount; ++slice) {
    for (std::size_t i = 0; i < sliced_.size(); ++i)
      json["slices"][PopularitySlices::kNames[slice]][name_of(sliced_[i])] = row.slices[slice][i];
  }
  return json;
}

nlohmann::json Comparison::json() const {
  auto results = nlohmann::json::array();
  for (const auto& row : rows_) results.push_back(json_of(row));
  nlohmann::json json = {{"protocol", protocol_}, {"results", results}};
  for (const auto& pair : pairs_) json["pairs"].push_back(in_json(pair));
  return json;
}

// The block has the recommenders that have the value, and is empty where none has.
template <typename Value>
std::string Comparison::block(const std::string& title, const Value& value_of) const {
  std::string rows, last;
  for (const auto& row : rows_) {
    const std::optional<double> value = value_of(row);
    if (!value) continue;
    if (row.model != std::exchange(last, row.model)) rows += fmt::format("\n{:<16}", row.model);
    rows += fmt::format("{:>8}", cell(*value));
  }
  if (rows.empty()) return "";
  std::string head = fmt::format("\n{:<16}", title);
  for (const auto& support : options_.support) head += fmt::format("{:>8}", support);
  return head + rows + "\n";
}

// How far the widest of the recommenders' intervals reaches from its value, for each support size.
std::string Comparison::intervals_of(std::size_t measure) const {
  std::string text;
  for (const auto& support : options_.support) {
    std::optional<double> reach;
    for (const auto& row : rows_) {
      const auto& found = row.measurements[measure];
      if (row.support != support || !found.interval) continue;
      reach = std::max({reach.value_or(0.0), found.interval->high - found.value, found.value - found.interval->low});
    }
    text += fmt::format("{:>8}", reach ? cell(*reach) : "-");
  }
  return fmt::format("{:<16}{}\n", "95% within +-", text);
}

// Of a measure that not all tasks define; their labels alone decide, so the number is every recommender's.
std::string Comparison::defined_for(std::size_t measure) const {
  const auto tasks = rows_[0].measurements[measure].tasks;
  if (tasks == test_.tasks()) return "";
  return fmt::format("defined for {} of the {}\n", tasks, counted(test_.tasks(), protocol_["task"]));
}

std::string Comparison::pairs() const {
  std::string text;
  for (std::size_t i = 0; i < pairs_.size() && i < shown_measures(options_).size() * options_.support.size(); ++i) {
    if (i % options_.support.size() == 0) {
      text +=
          fmt::format("{}{:<16}{:>8}{:>10}{:>12}{:>20}{:>8}{:>12}", i == 0 ? "" : "\n\n", name_of(pairs_[i].measure),
                      "run", "against", "difference", "95% interval", "better", "excludes 0");
    }
    text += line_of(pairs_[i]);
  }
  return text.empty() ? "" : fmt::format("\nthe run and the one it is compared with, by support rows:\n\n{}\n", text);
}

std::string Comparison::slices() const {
  std::string text;
  for (std::size_t i = 0; i < sliced_.size(); ++i) {
    for (std::size_t slice = 0; slice < PopularitySlices::kCount; ++slice)
      text += block(fmt::format("{} {}", name_of(sliced_[i]), PopularitySlices::kNames[slice]),
                    [&](const auto& row) { return std::optional(row.slices[slice][i]); });
  }
  return text;
}

std::string Comparison::among_candidates() const {
  const auto of_entities = plural_of(dataset_.schema().entity);
  switch (options_.candidates.kind) {
    case Candidates::Kind::kSampled:
      return fmt::format(" among {} {} drawn without a row", options_.candidates.count, of_entities);
    case Candidates::Kind::kAll:
      return fmt::format(" among all of {} {} but those of other rows", dataset_.entities(), of_entities);
    default:
      return "";
  }
}

// Which of a task's rows, where they are not the usual ones.
std::string Comparison::that_judge() const {
  if (is_listed()) return fmt::format("that {} lists ", options_.episodes_from.string());
  if (const auto time = dataset_.split_time()) return fmt::format("from time {} on ", *time);
  return "";
}

std::string Comparison::query_rows() const {
  if (const auto query = test_.query()) return fmt::format("{} rows", *query);
  return is_listed() ? "rows" : "the rest of their rows";
}

std::string Comparison::judged() const {
  const auto tasks = counted(test_.tasks(), protocol_["task"]);
  if (!tasks_are_of_classes(dataset_.schema()))
    return fmt::format("{} never seen in training, {} {}judge{}, by support rows:\n", tasks, query_rows(), that_judge(),
                       among_candidates());
  return fmt::format("{} of {} classes never seen in training, {} rows of each judge, by support rows of each:\n",
                     tasks, options_.ways, options_.query.rows);
}

std::string Comparison::table() const {
  std::string text = judged();
  for (std::size_t i = 0; !rows_.empty() && i < shown_measures(options_).size(); ++i) {
    text += block(name_of(measures_[i]), [&](const auto& row) { return std::optional(row.measurements[i].value); });
    if (options_.resamples > 0) text += intervals_of(i);
    text += defined_for(i);
  }
  for (std::size_t i = 0; i < Calibration::kCount; ++i) {
    text += block(Calibration::kNames[i], [&](const auto& row) {
      return row.calibration ? std::optional(row.calibration->values()[i]) : std::nullopt;
    });
  }
  return text + slices() + pairs();
}

void Comparison::refuse_not_finite(const std::string& name, const EvaluationResult& result) const {
  if (!result.not_finite) return;
  throw AgreedError(
      ExitCode::kDiverged,
      fmt::format("{}: the error of {} '{}' with {} support rows is not finite; look for extreme values "
                  "in its rows, or train with a lower train.rate or inner.rate",
                  name, protocol_["task"].get<std::string>(), dataset_.task(*result.not_finite).key(), result.support));
}

}  // namespace warmstart
