#include "app/dataset_comparison.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "base/plural.h"
#include "data/dataset.h"

namespace warmstart {
namespace {

// By a task's key, how many rows it has.
std::map<std::string, std::uint32_t> rows_of_tasks(const Dataset& dataset) {
  std::map<std::string, std::uint32_t> rows;
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) rows[dataset.task(task).key()] = dataset.row_count(task);
  return rows;
}

nlohmann::json compare_tasks(const Dataset& first, const Dataset& second) {
  auto were = rows_of_tasks(first);
  std::int64_t added = 0, changed = 0;
  for (const auto& [key, rows] : rows_of_tasks(second)) {
    const auto was = were.find(key);
    added += was == were.end();
    if (was == were.end()) continue;
    changed += was->second != rows;
    were.erase(was);
  }
  return {{"first", first.tasks()},
          {"second", second.tasks()},
          {"new", added},
          {"gone", were.size()},
          {"with_other_rows", changed}};
}

std::int64_t rows_of(const Dataset& dataset) { return dataset.manifest()["rows"]; }

// Keys of the second that the first does not know, by field.
nlohmann::json new_keys(const Dataset& first, const Dataset& second) {
  auto counts = nlohmann::json::object();
  for (const auto& field : second.schema().fields) {
    if (field.kind == FieldKind::kDense) continue;
    std::set<std::string> keys;
    for (const auto& was : first.schema().fields) {
      if (was.name != field.name || was.owner != field.owner || was.kind == FieldKind::kDense) continue;
      for (auto& key : first.vocabulary(was)) keys.insert(std::move(key));
    }
    std::int64_t added = 0;
    for (const auto& key : second.vocabulary(field)) added += !keys.contains(key);
    counts[field.name] = added;
  }
  return counts;
}

// Of rows that have users of their own, how many each data set has; null where one of them does not tell.
nlohmann::json users_of(const Dataset& first, const Dataset& second) {
  if (!first.has_users() || !second.has_users()) return {};
  return {first.users().count, second.users().count};
}

std::int64_t shared_shards(const Dataset& first, const Dataset& second) {
  std::int64_t shared = 0;
  for (std::int64_t shard = 0; shard < std::min(first.shards(), second.shards()); ++shard) {
    const auto index = static_cast<std::size_t>(shard);
    shared += first.shard_entry(index).digest == second.shard_entry(index).digest;
  }
  return shared;
}

}  // namespace

void compare_datasets(const std::filesystem::path& first_path, const std::filesystem::path& second_path,
                      const Options::CommandLine& line) {
  const Dataset first(first_path, line.verify), second(second_path, line.verify);
  const auto tasks = compare_tasks(first, second), keys = new_keys(first, second);
  const auto differs = difference(first.schema(), second.schema());
  const auto shared = shared_shards(first, second);
  const auto users = users_of(first, second);
  if (line.json) {
    fmt::print("{}\n", nlohmann::json({{"tasks", tasks},
                                       {"rows", {rows_of(first), rows_of(second)}},
                                       {"entities", {first.entities(), second.entities()}},
                                       {"users", users},
                                       {"new_keys", keys},
                                       {"same_shards", shared},
                                       {"shards", second.shards()},
                                       {"models_fit", differs.empty()},
                                       {"difference", differs}})
                           .dump());
    return;
  }
  const auto& task = second.schema().task;
  fmt::print("{} -> {}\n", counted(first.tasks(), task), counted(second.tasks(), task));
  fmt::print("  {} new, {} gone, {} with other rows\n", tasks["new"].dump(), tasks["gone"].dump(),
             tasks["with_other_rows"].dump());
  fmt::print("  {} -> {} rows; {} -> {}\n", rows_of(first), rows_of(second), first.entities(),
             counted(second.entities(), second.schema().entity));
  if (!users.is_null()) fmt::print("  {} -> {}\n", users[0].dump(), counted(users[1].get<std::int64_t>(), "user"));
  for (const auto& [name, count] : keys.items()) fmt::print("  {} new keys of '{}'\n", count.dump(), name);
  fmt::print("  {} of {} are the same\n", shared, counted(second.shards(), "shard"));
  fmt::print("models of the first {}\n", differs.empty() ? "fit the second" : "do not fit the second: " + differs);
}

}  // namespace warmstart
