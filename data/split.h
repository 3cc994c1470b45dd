#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "data/ingest_options.h"

namespace warmstart {

enum class Split : std::uint8_t { kTrain = 0, kValidation = 1, kTest = 2 };
constexpr int kSplits = 3;
const char* name_of(Split split);

// Says which tasks are trained on, chosen by and tested on.  A task's place is a
// function of (seed, key) and of the set of keys, never of their order.
class TaskSplit {
 public:
  // Throws UsageError for an option that is neither a share nor a file, DataError for a file that lists no key, or one
  // of the other file.
  explicit TaskSplit(const IngestOptions& options);

  void add(std::string_view key);  // every task once, before finish()
  void finish();                   // throws DataError when none of the listed keys is a task
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

  std::uint64_t seed_;
  Part test_, validation_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace warmstart
