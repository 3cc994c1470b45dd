#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace warmstart {

// Where a row of a table stands; line 1 is the first of the file, row numbers of Parquet start at 1.
struct Place {
  std::string file;
  std::int64_t line = 0;
};

// Counts the rows that were left out, by reason, and keeps the first few of each.
class Rejections {
 public:
  // on_error "fail": the first rejected row throws DataError("file:line: detail").
  explicit Rejections(bool fail) : fail_(fail) {}

  // `reason` is one of a few fixed phrases; `detail` names what was found and what was wanted.
  void add(const std::string& reason, const Place& place, const std::string& detail);

  // For what is expected in any real table (duplicates, short tasks): counted, never an error.
  void count(const std::string& reason, std::int64_t rows) { counts_[reason].rows += rows; }

  std::int64_t rows(const std::string& reason) const;
  nlohmann::json to_json() const;

 private:
  struct Count {
    std::int64_t rows = 0;
    std::vector<std::string> examples;
  };
  bool fail_;
  std::map<std::string, Count> counts_;
};

}  // namespace warmstart
