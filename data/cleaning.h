#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "data/ingest_options.h"

namespace warmstart {

// Where a row of a table stands; line 1 is the first of the file, row numbers of Parquet start at 1.
struct Place {
  std::string file;
  std::int64_t line = 0;
};

// Why a row cannot be used: one of a few fixed reasons, and what was found and what was wanted.
class BadRow : public std::runtime_error {
 public:
  BadRow(std::string reason, const std::string& detail) : std::runtime_error(detail), reason_(std::move(reason)) {}
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

// Squares of larger numbers, added up over a task's rows, leave float32.
constexpr double kLargestNumber = 1e18;
// What is longer is a text, or two columns that were taken for one.
constexpr std::size_t kLongestKey = 4096;  // bytes

// The number in a cell of `column`.  Throws BadRow for what is none, and for one beyond kLargestNumber.
double number_in(const std::string& column, std::string_view cell);

// Seconds since 1970 in a cell of `column`, from a number or from ISO 8601.  Throws BadRow.
double time_in(const std::string& column, std::string_view cell);

// Throws BadRow for a key longer than kLongestKey.
void check_key(const std::string& column, std::string_view key);

// Counts the rows that were left out, by reason, and keeps the first few of each.
class Rejections {
 public:
  // kFail: the first rejected row throws DataError("file:line: detail (remedy)").
  explicit Rejections(OnError on_error,
                      std::string remedy = "data.on-error = skip leaves such rows out and counts them")
      : on_error_(on_error), remedy_(std::move(remedy)) {}

  void add(const Place& place, const BadRow& row);
  // The same for what several rows make together: `where` says whose they are.
  void add(const std::string& where, const BadRow& row);

  // For what is expected in any real table (duplicates, short tasks): counted, never an error.
  void count(const std::string& reason, std::int64_t rows) { counts_[reason].rows += rows; }

  // Adds what to_json() says of rows behind these.
  void merge(const nlohmann::json& later);

  std::int64_t rows(const std::string& reason) const;
  nlohmann::json to_json() const;

  // In one line, the counts by reason with an example each; empty when nothing was left out.
  std::string summary() const;

 private:
  struct Count {
    std::int64_t rows = 0;
    std::vector<std::string> examples;
  };
  OnError on_error_;
  std::string remedy_;
  std::map<std::string, Count> counts_;
};

}  // namespace warmstart
