#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "data/ingest_options.h"
#include "data/ingest_ranks.h"
#include "data/split.h"

namespace warmstart {

// Says which tasks are trained on, chosen by and tested on.  A task's place is a
// function of (seed, key) and of the set of keys, never of their order.
class TaskSplit {
 public:
  // Throws UsageError for an option that is neither a share nor a file, DataError for a file that lists no key, or one
  // of the other file.
  explicit TaskSplit(const IngestOptions& options);

  void add(std::string_view key);  // every task once, of all ranks together, before finish()
  // Collective.  Throws DataError when none of the listed keys is a task.
  void finish(IngestRanks& ranks);
  // A task of the data set's last version stays where it was.
  void keep(const std::string& key, Split split) { kept_.emplace(key, split); }
  // Instead of finish(), where there is a last version: new tasks are split one by one, each with the chance that the
  // shares give.
  void finish_one_by_one();
  std::int64_t tasks() const { return tasks_; }  // of this rank; after finish(), of all
  Split of(std::string_view key) const;

 private:
  // Either a share of all tasks, or the keys listed in a file.
  struct Part {
    double share = 0.0;
    std::string option;
    std::unordered_set<std::string> keys;
    std::size_t found = 0;  // keys that are tasks
    std::uint64_t end = 0;  // hashes below it belong to this part
  };
  static void check_found(const Part& part);
  static Part part(const std::string& option, const std::string& name);
  std::uint64_t hash(std::string_view key) const;
  void unite(IngestRanks& ranks);

  std::uint64_t seed_;
  Part test_, validation_;
  std::vector<std::uint64_t> hashes_;
  std::int64_t tasks_ = 0;
  std::unordered_map<std::string, Split> kept_;
};

}  // namespace warmstart
