#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "serving/catalogue.h"

namespace warmstart {

// A task of a table of support rows, and its candidates' keys.
struct AskedTask {
  std::string key;  // empty where the table has no column for it
  RequestTask request;
  std::vector<std::string> support, candidates;  // the entities' raw keys
};

// What tables hold that a model does not know, for people.
struct TableNotes {
  std::int64_t unknown_keys = 0;    // of entities
  std::int64_t rows_left_out = 0;   // support rows beyond the most, or of an entity that came again
  std::vector<std::string> unused;  // columns
};

// Reads a table of support rows: columns named like the task ("user"), the entity ("item", or its key's field), the
// label (which may be missing where the model was trained on positives alone), "time" and the fields.  Tasks come in
// the order of their first rows; of a task's rows on one entity the latest counts, and the latest `most_support` are
// kept.  What an entity's row does not say is the catalogue's.  Throws DataError("file:line: ...").
std::vector<AskedTask> read_support(const std::filesystem::path& path, const Catalogue& catalogue,
                                    std::int64_t most_support, TableNotes& notes);

// A table of candidates, read whole.  Throws DataError("file:line: ...").
class CandidateTable {
 public:
  CandidateTable(const std::filesystem::path& path, const Catalogue& catalogue, TableNotes& notes);

  // Gives a task those of its key, or all where the table has no column for tasks; false where there is none.
  bool give(AskedTask& task) const;

 private:
  struct Candidate {
    std::string entity;
    RequestRow row;
  };
  bool of_tasks_;
  std::map<std::string, std::vector<Candidate>, std::less<>> candidates_;  // by the task; of all: by an empty key
};

// The same for all tasks of a support.  Throws DataError where none of them has a candidate.
void read_candidates(const std::filesystem::path& path, const Catalogue& catalogue, std::vector<AskedTask>& tasks,
                     TableNotes& notes);

// The column `title` of a table by the entity's key.
std::map<std::string, std::string> read_titles(const std::filesystem::path& path, const std::string& title,
                                               const Catalogue& catalogue);

}  // namespace warmstart
