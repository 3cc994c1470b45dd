#include "data/column.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/split_text.h"

namespace warmstart {

void Moments::add(double value) {
  ++values;
  const double from_old_mean = value - mean;
  mean += from_old_mean / static_cast<double>(values);
  squared_deviations += from_old_mean * (value - mean);
}

void Moments::add(const Moments& others) {
  if (others.values == 0) return;
  const auto own = static_cast<double>(values), theirs = static_cast<double>(others.values);
  const double difference = others.mean - mean;
  mean += difference * (theirs / (own + theirs));
  squared_deviations += others.squared_deviations + difference * difference * (own * theirs / (own + theirs));
  values += others.values;
}

void FieldBuilder::parse(std::optional<std::string_view> text, Cell& cell) {
  cell.keys.clear();
  if (field.kind == FieldKind::kDense) {
    cell.value = text ? number_in(field.name, *text) : std::numeric_limits<double>::quiet_NaN();
    note(cell.value);
  } else if (text && field.kind == FieldKind::kCategorical) {
    cell.keys.push_back(number_of(*text));
  } else if (text) {
    split_text(*text, field.separator, [&](std::string_view key) {
      if (!key.empty()) cell.keys.push_back(number_of(key));
    });
  }
}

void FieldBuilder::parse(const std::vector<std::string_view>& list, Cell& cell) {
  cell.keys.clear();
  for (const auto key : list) cell.keys.push_back(number_of(key));
}

std::uint32_t FieldBuilder::number_of(std::string_view key) {
  check_key(field.name, key);
  return keys.add(key);
}

void FieldBuilder::count(const CellColumn& cells, std::size_t begin, std::size_t end, Moments& of_part,
                         std::int64_t times) {
  counts.resize(keys.size());
  for (auto index = begin; index < end; ++index) {
    for (const auto key : cells.keys(index)) counts[key] += times;
    const auto value = cells.value(index);
    if (!std::isnan(value)) of_part.add(value);
  }
}

void FieldBuilder::finish() {
  counts.resize(keys.size());
  field.kind == FieldKind::kDense ? finish_dense() : finish_vocabulary(keys, counts);
}

void FieldBuilder::finish_vocabulary(const KeyNumbers& of_keys, std::span<const std::int64_t> their_counts) {
  vocabulary.emplace(of_keys, their_counts, min_count, earlier, memory_);
  field.vocabulary_size = static_cast<std::int64_t>(vocabulary->size());
  field.vocabulary_digest = vocabulary->digest();
}

void FieldBuilder::finish_dense() {
  if (is_fixed) return;
  field.mean = moments.mean;
  const double variance = moments.values == 0 ? 0.0 : moments.squared_deviations / static_cast<double>(moments.values);
  field.deviation = variance > 1e-12 ? std::sqrt(variance) : 1.0;
  if (smallest > largest) return;  // of a derived field
  for (const auto extreme : {smallest, largest}) {
    if (std::abs(extreme - field.mean) <= kMostDeviations * field.deviation) continue;
    spdlog::warn(
        "column '{}': {} is more than {} standard deviations from the training tasks' mean ({:.6g} +- {:.6g}); "
        "such values are stored as if they were {} away",
        field.name, extreme, kMostDeviations, field.mean, field.deviation, kMostDeviations);
  }
}

float FieldBuilder::standardised(double value) const {
  if (std::isnan(value)) return -0.0f;
  const auto deviations = std::clamp((value - field.mean) / field.deviation, -kMostDeviations, kMostDeviations);
  return static_cast<float>(deviations) + 0.0f;  // no number is -0
}

namespace {

void write_numbers(Hdf5Writer& file, const std::string& name, const FieldBuilder& field, const CellColumn& cells,
                   std::size_t count) {
  file.streamed_array<float>(name, count, [&field, &cells, index = std::size_t{0}](auto piece) mutable {
    for (auto& number : piece) number = field.standardised(cells.value(index++));
  });
}

void write_ids(Hdf5Writer& file, const std::string& name, const FieldBuilder& field, const CellColumn& cells,
               std::size_t count) {
  file.streamed_array<std::uint32_t>(name, count, [&field, &cells, index = std::size_t{0}](auto piece) mutable {
    for (auto& id : piece) {
      const auto keys = cells.keys(index++);
      id = keys.empty() ? 0 : field.id(keys[0]);
    }
  });
}

void write_lists(Hdf5Writer& file, const std::string& name, const FieldBuilder& field, const CellColumn& cells,
                 std::size_t count) {
  std::size_t values = 0;
  for (std::size_t index = 0; index < count; ++index) values += cells.keys(index).size();
  file.streamed_array<std::uint32_t>(
      name + "/values", values, [&field, &cells, index = std::size_t{0}, done = std::size_t{0}](auto piece) mutable {
        for (auto& id : piece) {
          while (done == cells.keys(index).size()) ++index, done = 0;
          id = field.id(cells.keys(index)[done++]);
        }
      });
  file.streamed_array<std::int64_t>(name + "/offsets", count + 1,
                                    [&cells, index = std::size_t{0}, end = std::int64_t{0}](auto piece) mutable {
                                      for (auto& offset : piece) {
                                        if (index > 0) end += std::ssize(cells.keys(index - 1));
                                        offset = end;
                                        ++index;
                                      }
                                    });
}

}  // namespace

void write_encoded(Hdf5Writer& file, const std::string& name, const FieldBuilder& field, const CellColumn& cells,
                   std::size_t count) {
  switch (field.field.kind) {
    case FieldKind::kDense:
      return write_numbers(file, name, field, cells, count);
    case FieldKind::kCategorical:
      return write_ids(file, name, field, cells, count);
    case FieldKind::kMulti:
      return write_lists(file, name, field, cells, count);
  }
}

}  // namespace warmstart
