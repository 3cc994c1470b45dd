#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "app/plot.h"
#include "app/submission.h"
#include "base/files.h"
#include "base/random.h"
#include "checkpoints/checkpoint.h"
#include "slurm/slurm_command.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

using Point = std::vector<std::pair<std::string, std::string>>;  // option, value

Point::value_type split_at_equals(const std::string& text) {
  const auto equals = text.find('=');
  require(equals != std::string::npos,
          fmt::format("--set-grid '{}' is not of the form section.name=value,value", text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// All combinations; the last axis changes fastest.
std::vector<Point> grid_of(const std::vector<std::string>& axes) {
  std::vector<Point> points = {{}};
  for (const auto& axis : axes) {
    const auto [key, values] = split_at_equals(axis);
    std::vector<Point> longer;
    for (const auto& point : points) {
      std::istringstream items(values);
      for (std::string value; std::getline(items, value, ',');) {
        longer.push_back(point);
        longer.back().emplace_back(key, value);
      }
    }
    points = longer;
  }
  return points;
}

std::vector<Point> draw(const std::vector<Point>& grid, std::int64_t count, std::uint64_t seed) {
  if (count == 0 || count >= static_cast<std::int64_t>(grid.size())) return grid;
  RandomStream random(seed, Purpose::kSweep);
  auto places =
      sample_without_replacement(random, static_cast<std::uint32_t>(grid.size()), static_cast<std::uint32_t>(count));
  std::sort(places.begin(), places.end());
  std::vector<Point> points;
  for (const auto place : places) points.push_back(grid[place]);
  return points;
}

// What the newest checkpoint of a point says; null when there is none.
nlohmann::json newest_state(const fs::path& run) {
  for (const auto& folder : checkpoints_of(run)) {
    try {
      const auto manifest = read_manifest(folder);
      auto state = manifest.at("state");
      state["step"] = manifest.at("step");
      return state;
    } catch (const DataError&) {
      // Passed over, as training does.
    }
  }
  return nullptr;
}

bool is_finished(const fs::path& run) {
  const auto state = newest_state(run);
  return !state.is_null() && state.at("finished").get<bool>();
}

CheckedTraining check_point(const fs::path& sweep, const Point& point, std::int64_t number, std::int64_t ranks) {
  std::vector<std::string> arguments = {"train", "--config", (sweep / "base.ini").string(), "--set",
                                        "train.run=" + point_folder(sweep, number).string()};
  for (const auto& [key, value] : point) arguments.insert(arguments.end(), {"--set", key + "=" + value});
  return check_training(arguments, ranks);
}

// The same sweep again goes on; another one needs a folder of its own.
void check_same_sweep(const fs::path& sweep, const nlohmann::json& points) {
  if (!fs::exists(sweep / "sweep.json") || read_json(sweep / "sweep.json") == points) return;
  throw UsageError(fmt::format("{}: holds another sweep; set sweep.to to another folder", sweep.string()));
}

ExitCode summarise(const fs::path& sweep, bool json) {
  const auto points = read_json(sweep / "sweep.json");
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto state = newest_state(point_folder(sweep, static_cast<std::int64_t>(i)));
    nlohmann::json row = {
        {"point", i}, {"options", points[i]}, {"state", "not started"}, {"step", 0}, {"validation_mae", nullptr}};
    if (!state.is_null()) {
      row["state"] = state.at("finished").get<bool>() ? "finished" : "unfinished";
      row["step"] = state.at("step");
      if (state.at("best_step") > 0) row["validation_mae"] = state.at("best_error");
    }
    rows.push_back(row);
  }
  Plot plot{"Sweep", "point", "best validation MAE", {{"points", {}}}, {}};
  for (const auto& row : rows) {
    if (!row["validation_mae"].is_null()) plot.series[0].points.emplace_back(row["point"], row["validation_mae"]);
  }
  if (!plot.series[0].points.empty()) write_file(sweep / "summary.svg", svg(plot));
  const auto error = [](const auto& row) {
    return row["validation_mae"].is_null() ? 1e300 : row["validation_mae"].template get<double>();
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return error(a) < error(b); });
  if (json) {
    fmt::print("{}\n", rows.dump());
    return ExitCode::kOk;
  }
  fmt::print("{:>5}  {:>14}  {:>8}  {:<12} options\n", "point", "validation MAE", "step", "state");
  for (const auto& row : rows) {
    std::string options;
    for (const auto& option : row["options"])
      options += fmt::format("{}={} ", option[0].get<std::string>(), option[1].get<std::string>());
    const auto mae =
        row["validation_mae"].is_null() ? std::string("-") : fmt::format("{:.4f}", row["validation_mae"].get<double>());
    fmt::print("{:>5}  {:>14}  {:>8}  {:<12} {}\n", row["point"].get<int>(), mae, row["step"].get<std::int64_t>(),
               row["state"].get<std::string>(), options);
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode command_sweep(Invocation& invocation) {
  const auto& configuration = invocation.configuration;
  if (!configuration.sweep_summary.empty()) return summarise(configuration.sweep_summary, invocation.line.json);
  require(!configuration.sweep.empty(), "sweep.to is not set: name the folder of the sweep");
  require(!invocation.line.grid.empty(), "nothing to vary: --set-grid section.name=value,value");
  if (!configuration.dry_run) require_slurm();
  const auto sweep = fs::absolute(configuration.sweep);
  const auto points = draw(grid_of(invocation.line.grid), configuration.sweep_points, configuration.train.seed);
  check_same_sweep(sweep, points);
  fs::create_directories(sweep);
  write_file(sweep / "base.ini", invocation.options.resolved());

  std::vector<std::int64_t> open;
  std::optional<CheckedTraining> training;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    training = check_point(sweep, points[i], number, configuration.submit.nodes * configuration.submit.ranks_per_node);
    const auto folder = point_folder(sweep, number);
    if (is_finished(folder)) continue;
    fs::create_directories(folder);
    write_file(folder / "config.ini", training->resolved);
    open.push_back(number);
  }
  write_file(sweep / "sweep.json", nlohmann::json(points).dump(2) + "\n");
  if (open.empty()) {
    fmt::print("all {} points are finished\n", points.size());
    return summarise(sweep, invocation.line.json);
  }
  const auto script =
      batch_script(completed(configuration.submit, *training, sweep), {sweep,
                                                                       {own_program(), "train"},
                                                                       static_cast<std::int64_t>(points.size()),
                                                                       fmt::format("{}", fmt::join(open, ","))});
  if (configuration.dry_run) {
    fmt::print("{}", script);
    return ExitCode::kOk;
  }
  const auto job = send(script, sweep);
  fmt::print("job {}, {} of {} points\nsee how it goes with: warmstart sweep --summary {}\n", job, open.size(),
             points.size(), sweep.string());
  return ExitCode::kOk;
}

}  // namespace warmstart
