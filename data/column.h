// A field while it is being ingested: keys and numbers as they come from tables turn into ids and standardised values
// once the training tasks are known.

#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hdf5.h"
#include "data/cell_column.h"
#include "data/cleaning.h"
#include "data/schema.h"
#include "data/vocabulary.h"

namespace warmstart {

// A value further from the mean would drown all others, and take the model out of what float32 holds.
constexpr double kMostDeviations = 100.0;

// How many numbers there are, their mean, and the sum of their squared deviations from it.  The difference of two large
// sums would lose what a column of times varies by.
struct Moments {
  std::int64_t values = 0;
  double mean = 0.0, squared_deviations = 0.0;
  void add(double value);           // Welford (1962)
  void add(const Moments& others);  // Chan, Golub and LeVeque (1983)
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Moments, values, mean, squared_deviations)

// A field while it is being ingested.
struct FieldBuilder {
  // What it keeps of keys lies in `memory`.
  explicit FieldBuilder(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : keys(memory), counts(memory), earlier(memory), earlier_counts(memory), memory_(memory) {}

  Field field;
  KeyNumbers keys;
  std::pmr::vector<std::int64_t> counts;            // by key number, over the training data
  std::pmr::vector<std::uint32_t> earlier;          // keys of the data set's last version, whose ids stay
  std::pmr::vector<std::int64_t> earlier_counts;    // theirs, which counts do not hold
  Moments moments;                                  // of the training data
  bool is_fixed = false;                            // mean and deviation stay the last version's
  double smallest = INFINITY, largest = -INFINITY;  // of all data
  std::int64_t min_count = 1;
  std::optional<Vocabulary> vocabulary;  // once it is finished

  // What a text says, in `cell`, of which nothing stays.  Throws BadRow.
  void parse(std::optional<std::string_view> text, Cell& cell);
  // Of a multi field whose keys come one by one.  Throws BadRow.
  void parse(const std::vector<std::string_view>& list, Cell& cell);

  // Takes a number, unless it is NaN, for one of those that finish() may have to cut off.
  void note(double value) {
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }

  // Adds cells `begin` to `end` of the training data to the statistics, their keys so many times, their numbers to
  // those of a part of it.
  void count(const CellColumn& cells, std::size_t begin, std::size_t end, Moments& of_part, std::int64_t times = 1);

  // Fixes the vocabulary or the standardisation, and warns of values that it cuts off.
  void finish();
  // The same of a field whose keys and counts are kept elsewhere; the keys must outlive it.
  void finish_vocabulary(const KeyNumbers& of_keys, std::span<const std::int64_t> their_counts);

  std::uint32_t id(std::uint32_t key) const { return vocabulary->id_of_number(key); }
  // In standard deviations from the mean, cut off at kMostDeviations; a missing value is the mean, and has a minus sign
  // that tells it from a number that is equal to the mean.
  float standardised(double value) const;

 private:
  std::uint32_t number_of(std::string_view key);
  void finish_dense();

  std::pmr::memory_resource* memory_;
};

// Whether a stored number stands for one that the table has not: -0, the mean.  False of all in data sets that were
// made before missing numbers were told from others.
inline bool is_missing(float standardised) { return standardised == 0.0f && std::signbit(standardised); }

// Writes the first `count` cells as ids and standardised values, while the file is closed: until then `field` and
// `cells` must stay what they are.  categorical: `<name>` uint32; multi: `<name>/values` uint32 and `<name>/offsets`
// int64; dense: `<name>` float32.
void write_encoded(Hdf5Writer& file, const std::string& name, const FieldBuilder& field, const CellColumn& cells,
                   std::size_t count);

}  // namespace warmstart
