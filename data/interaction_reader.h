#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "data/cleaning.h"
#include "data/entity_days.h"
#include "data/file_parts.h"
#include "data/ingest_tables.h"
#include "data/spill.h"
#include "data/table_reader.h"

namespace warmstart {

// What one rank has read of the interactions, and what all of them have.
struct InteractionCounts {
  std::map<std::string, std::int64_t> rows_of_file;
  std::int64_t rows = 0;
  std::int64_t positions = 0;                      // that rows were given, in their order
  double earliest = INFINITY, latest = -INFINITY;  // times of good rows
  // Rows that left joins have kept.
  std::int64_t without_task = 0, without_entity = 0, without_user = 0, without_day = 0;
  void add(const InteractionCounts& others);
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(InteractionCounts, rows_of_file, rows, positions, earliest, latest, without_task,
                                   without_entity, without_user, without_day)

// Checks interactions and spills them.
class InteractionReader {
 public:
  InteractionReader(const IngestOptions& options, IngestTables& tables, Rejections& rejections);

  // Told now and then how many rows, and of how many bytes of the parts, were read.
  using Progress = std::function<void(std::int64_t rows, std::int64_t bytes)>;

  // Throws DataError for a bad row, unless rejections take it, and EnvironmentError when the disk refuses.
  InteractionCounts read(const std::vector<FilePart>& parts, RowSink& sink, const Progress& progress);

  // Of the rows that were read; empty where no field is derived from it.
  EntityDays& entity_days() { return entity_days_; }

 private:
  void spill_row(const TableRow& row, RowSink& sink);
  void check_is_whole(const TableRow& row) const;
  void check_task(std::string_view key) const;
  void check_entity(std::string_view key) const;
  void check_user(std::string_view key) const;
  std::uint32_t number_of_user(std::string_view key);
  void join_day(double time, std::span<Cell> cells);
  double label_of(const TableRow& row) const;
  double label_in(std::string_view text) const;

  const IngestOptions& options_;
  IngestTables& tables_;
  Rejections& rejections_;
  std::vector<std::string> cells_;  // the columns of a row that are no fields of it, its user's the last
  std::size_t time_;                // the place of the time's among them, where there is one
  bool counts_entity_days_;
  Interaction interaction_;  // the row that is being read
  InteractionCounts counts_;
  EntityDays entity_days_;
};

}  // namespace warmstart
