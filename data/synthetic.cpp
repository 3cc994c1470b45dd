#include "data/synthetic.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <numbers>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/json.h"
#include "base/options.h"
#include "base/pending_folder.h"
#include "base/random.h"

namespace warmstart {
namespace {

constexpr std::uint64_t kGroups = 12;
enum Stream : std::uint64_t { kUser, kItem, kRows, kGroupCentre, kCategoryCentre };

// The factors of one user or item, and its bias; half of the factors' variance is its group's.
struct Planted {
  std::vector<double> factors;
  double bias;
  std::uint64_t group;
};

Planted plant(const SyntheticOptions& options, Stream stream, Stream centres, std::uint64_t number) {
  RandomStream own(options.seed, Purpose::kSynthesize, stream, number);
  Planted planted{{}, 0.0, own.below(kGroups)};
  planted.bias = 0.5 * own.normal();
  RandomStream centre(options.seed, Purpose::kSynthesize, centres, planted.group);
  for (std::int64_t i = 0; i < options.rank; ++i) {
    planted.factors.push_back(std::sqrt(0.5) * (own.normal() + centre.normal()));
  }
  return planted;
}

class TextFile {
 public:
  TextFile(const std::filesystem::path& path, const std::string& header) : path_(path), file_(path, std::ios::binary) {
    add(header);
  }
  void add(const std::string& line) {
    if (!(file_ << line << '\n')) throw_system_error("cannot write", path_);
  }
  void close() {
    file_.close();
    if (!file_) throw_system_error("cannot write", path_);
  }

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

void write_rows_of_user(const SyntheticOptions& options, std::uint64_t user, const std::vector<Planted>& items,
                        TextFile& file) {
  const auto planted = plant(options, kUser, kGroupCentre, user);
  RandomStream random(options.seed, Purpose::kSynthesize, kRows, user);
  const auto mean = static_cast<std::uint64_t>(options.rows_per_user);
  const auto rows = mean / 2 + random.below(mean + 1);
  for (const auto item :
       sample_without_replacement(random, static_cast<std::uint32_t>(items.size()), static_cast<std::uint32_t>(rows))) {
    double label = 3.0 + planted.bias + items[item].bias + options.noise * random.normal();
    for (std::size_t i = 0; i < planted.factors.size(); ++i) {
      label += planted.factors[i] * items[item].factors[i] / std::sqrt(static_cast<double>(options.rank));
    }
    file.add(fmt::format("u{},i{},{:.4f},{}", user, item, label, 1600000000 + random.below(100000000)));
  }
}

}  // namespace

void declare(Options& add, SyntheticOptions& options) {
  add.add("synthesize.to", options.folder, "new folder for the tables");
  add.add("synthesize.users", options.users, "users").from(10).to(1e9);
  add.add("synthesize.items", options.items, "items").from(2).to(1e8);
  add.add("synthesize.rows-per-user", options.rows_per_user, "rows a user has on average").from(2).to(1e6);
  add.add("synthesize.rank", options.rank, "of the planted preferences").from(1).to(1000);
  add.add("synthesize.noise", options.noise, "standard deviation of the labels' noise").from(0).to(1e6);
  add.add("synthesize.seed", options.seed, "of all that is drawn");
}

void synthesize(const SyntheticOptions& options) {
  require_memory(static_cast<double>(options.items) * static_cast<double>(sizeof(Planted) + 16 * options.rank),
                 fmt::format("synthesize.items = {} of rank {}", options.items, options.rank));
  PendingFolder folder(options.folder);
  std::vector<Planted> items;
  TextFile item_file(folder.path() / "items.csv", "item,category");
  for (std::int64_t item = 0; item < options.items; ++item) {
    items.push_back(plant(options, kItem, kCategoryCentre, static_cast<std::uint64_t>(item)));
    item_file.add(fmt::format("i{},c{}", item, items.back().group));
  }
  item_file.close();
  TextFile user_file(folder.path() / "users.csv", "user,group");
  TextFile row_file(folder.path() / "interactions.csv", "user,item,rating,time");
  for (std::int64_t user = 0; user < options.users; ++user) {
    user_file.add(
        fmt::format("u{},g{}", user, plant(options, kUser, kGroupCentre, static_cast<std::uint64_t>(user)).group));
    write_rows_of_user(options, static_cast<std::uint64_t>(user), items, row_file);
  }
  user_file.close();
  row_file.close();
  const nlohmann::json facts = {
      {"users", options.users}, {"items", options.items},
      {"rank", options.rank},   {"noise", options.noise},
      {"seed", options.seed},   {"mae_floor", options.noise * std::sqrt(2.0 / std::numbers::pi)}};
  write_file(folder.path() / "synthetic.json", facts.dump(2) + "\n");
  const auto in = [&](const char* name) { return (options.folder / name).string(); };
  write_file(folder.path() / "config.ini",
             fmt::format("[data]\ndataset = {}\ntask = user\n\n[interactions]\nfiles = {}\nuser = user\nitem = item\n"
                         "label = rating\ntime = time\n\n[users]\nfiles = {}\nkey = user\ncategorical = group\n\n"
                         "[items]\nfiles = {}\nkey = item\ncategorical = category\n\n[train]\nrun = {}\n",
                         in("dataset"), in("interactions.csv"), in("users.csv"), in("items.csv"), in("run")));
  folder.commit();
}

}  // namespace warmstart
