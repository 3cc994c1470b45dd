#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "app/plot.h"
#include "app/submission.h"
#include "base/files.h"
#include "base/ini_file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "checkpoints/checkpoint.h"
#include "slurm/slurm_command.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPoints = 100'000;

using Point = std::vector<std::pair<std::string, std::string>>;  // option, value

Point::value_type split_at_equals(const std::string& text) {
  const auto equals = text.find('=');
  require(equals != std::string::npos,
          fmt::format("--set-grid '{}' is not of the form section.name=value,value", printable(text, 80)));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<std::string> values_on(const std::string& axis, const std::string& values) {
  std::vector<std::string> found;
  std::istringstream items(values);
  for (std::string value; std::getline(items, value, ',');) found.push_back(value);
  require(!found.empty(), fmt::format("--set-grid '{}' names no value", printable(axis, 80)));
  return found;
}

// All combinations; the last axis changes fastest.
std::vector<Point> grid_of(const std::vector<std::string>& axes) {
  std::vector<Point> points = {{}};
  for (const auto& axis : axes) {
    const auto [key, text] = split_at_equals(axis);
    const auto values = values_on(axis, text);
    require(values.size() <= kMostPoints / points.size(),
            fmt::format("--set-grid: the grid has more than {} points; leave out values", kMostPoints));
    std::vector<Point> longer;
    for (const auto& point : points) {
      for (const auto& value : values) {
        longer.push_back(point);
        longer.back().emplace_back(key, value);
      }
    }
    points = std::move(longer);
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

// What the newest sound checkpoint of a point says.
std::optional<Manifest> newest_manifest(const fs::path& run) {
  for (const auto& folder : checkpoints_of(run)) {
    try {
      return read_manifest(folder);
    } catch (const DataError&) {
      // Passed over, as training does.
    }
  }
  return std::nullopt;
}

bool is_finished(const fs::path& run) {
  const auto manifest = newest_manifest(run);
  return manifest && manifest->state.finished;
}

// The points that sweep.json lists.
std::vector<Point> read_points(const fs::path& sweep) {
  const auto path = sweep / "sweep.json";
  try {
    return read_json(path).get<std::vector<Point>>();
  } catch (const nlohmann::json::exception&) {
    throw DataError(fmt::format("{}: is no list of points, each a list of [option, value]", path.string()));
  }
}

CheckedTraining check_point(const fs::path& sweep, const Point& point, std::int64_t number, std::int64_t ranks) {
  std::vector<std::string> arguments = {"train", "--config", (sweep / "base.ini").string(), "--set",
                                        "train.run=" + point_folder(sweep, number).string()};
  for (const auto& [key, value] : point) arguments.insert(arguments.end(), {"--set", key + "=" + value});
  return check_training(arguments, ranks);
}

// The same sweep again goes on; another one needs a folder of its own.
void check_same_sweep(const fs::path& sweep, const std::vector<Point>& points) {
  if (!fs::exists(sweep / "sweep.json") || read_points(sweep) == points) return;
  throw UsageError(fmt::format("{}: holds another sweep; set sweep.to to another folder", sweep.string()));
}

// By which the run of a checkpoint validates.
Measure measure_of(const Manifest& manifest) {
  Configuration of_run;
  auto options = options_of(of_run);
  std::vector<std::string> settings;
  const auto sections = section_of(text_at(manifest.description, "configuration"), {"model", "validate"});
  for (const auto& entry : parse_ini(sections, "configuration of the checkpoint")) {
    if (entry.key == "model.objective" || entry.key == "validate.measure")
      settings.insert(settings.end(), {"--set", entry.key + "=" + entry.value});
  }
  options.parse(settings, {});
  return measure_of_validation(of_run.train, of_run.model.objective.kind);
}

nlohmann::json summary_of(const fs::path& sweep) {
  const auto points = read_points(sweep);
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto manifest = newest_manifest(point_folder(sweep, static_cast<std::int64_t>(i)));
    nlohmann::json row = {{"point", i}, {"options", points[i]}, {"state", "not started"},
                          {"step", 0},  {"measure", nullptr},   {"validation", nullptr}};
    if (manifest) {
      row["state"] = manifest->state.finished ? "finished" : "unfinished";
      row["step"] = manifest->step;
      if (manifest->state.best_step > 0) {
        row["measure"] = name_of(measure_of(*manifest));
        row["validation"] = manifest->state.best_error;
      }
    }
    rows.push_back(row);
  }
  return rows;
}

// As summary_of() wrote it.
Measure measure_in(const nlohmann::json& row) { return measure_named(row["measure"].get<std::string>()).value(); }

void draw_summary(const fs::path& sweep, const nlohmann::json& rows) {
  Series series{"points", {}};
  for (const auto& row : rows) {
    if (!row["validation"].is_null()) series.points.emplace_back(row["point"], row["validation"]);
  }
  if (!series.points.empty())
    write_file(sweep / "summary.svg", svg({"Sweep", "point", "best validation", {series}, {}}));
}

void print_summary(const nlohmann::json& rows) {
  fmt::print("{:>5}  {:>14}  {:>8}  {:<12} options\n", "point", "validation", "step", "state");
  for (const auto& row : rows) {
    std::string options;
    for (const auto& option : row["options"])
      options += fmt::format("{}={} ", option[0].get<std::string>(), option[1].get<std::string>());
    const auto validation = row["validation"].is_null()
                                ? std::string("-")
                                : fmt::format("{} {:.4f}", title_of(measure_in(row)), row["validation"].get<double>());
    fmt::print("{:>5}  {:>14}  {:>8}  {:<12} {}\n", row["point"].get<int>(), validation,
               row["step"].get<std::int64_t>(), row["state"].get<std::string>(), printable(options, 2000));
  }
}

ExitCode summarise(const fs::path& sweep, bool json) {
  auto rows = summary_of(sweep);
  draw_summary(sweep, rows);
  const auto error = [](const auto& row) {
    if (row["validation"].is_null()) return 1e300;
    const double value = row["validation"].template get<double>();
    return higher_is_better(measure_in(row)) ? -value : value;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return error(a) < error(b); });
  if (json)
    fmt::print("{}\n", rows.dump());
  else
    print_summary(rows);
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
    training = check_point(sweep, points[i], number, ranks_of(configuration.submit));
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
