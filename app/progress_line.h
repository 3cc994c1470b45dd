#pragma once

#include <chrono>
#include <string>

#include "data/ingest.h"
#include "trainer/training/training.h"

namespace warmstart {

// The state of a run on one line of at most `columns` characters: what matters less is left out where it is narrow.
// `validated` says what the last validation found; empty before the first.
std::string progress_line(const TrainProgress& progress, const std::string& validated, std::size_t columns);

// The same of work that is done piece by piece: how much of what, by now.
std::string progress_line(const std::string& what, std::int64_t done, std::int64_t all, double seconds,
                          std::size_t columns);

// The same of an ingest, or of its present stage, which has taken so long.
std::string progress_line(const IngestStatus& status, double seconds, std::size_t columns);

// Where such lines go: stderr.  A terminal's line is overwritten; a log gets one every few seconds, and the last.
class ProgressDisplay {
 public:
  // kLong: a log says nothing of work that takes only a few seconds.
  enum class Tells { kAll, kLong };
  explicit ProgressDisplay(Tells tells = Tells::kAll) : tells_(tells) {
    if (tells == Tells::kLong) shown_ = begun_;
  }

  // Work that began with this object.
  void show(const std::string& what, std::int64_t done, std::int64_t all);
  // An ingest, of which each stage is told by itself.
  void show(const IngestStatus& status);

  // Whether a line would be shown now; `line` makes one of at most so many columns.
  template <typename Line>
  void show(bool last, const Line& line) {
    if (is_due(last)) print(line(columns()), last);
  }

 private:
  double seconds() const;  // since the work began, or the stage before the present one ended
  bool is_due(bool last);
  static std::size_t columns();
  static void print(const std::string& line, bool last);

  Tells tells_;
  std::string stage_;  // of an ingest
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now(), shown_;
  std::chrono::steady_clock::time_point told_ = begun_;  // what an ingest has last done
};

// The columns of the terminal behind a file descriptor, less the last, where some terminals wrap already.
std::size_t terminal_columns(int file);

}  // namespace warmstart
