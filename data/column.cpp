#include "data/column.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace warmstart {

std::optional<double> parse_number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

Cell FieldBuilder::parse(std::optional<std::string_view> text) {
  Cell cell;
  if (field.kind == FieldKind::kDense) {
    const auto value = text ? parse_number(*text) : std::numeric_limits<double>::quiet_NaN();
    if (!value) throw std::invalid_argument(fmt::format("column '{}': '{}' is not a number", field.name, *text));
    cell.value = static_cast<float>(*value);
  } else if (text && field.kind == FieldKind::kCategorical) {
    cell.keys.push_back(keys.add(*text));
  } else if (text) {
    for (std::size_t start = 0; start <= text->size();) {
      const auto end = std::min(text->find(field.separator, start), text->size());
      if (end > start) cell.keys.push_back(keys.add(text->substr(start, end - start)));
      start = end + field.separator.size();
    }
  }
  return cell;
}

void FieldBuilder::count(const Cell& cell) {
  counts.resize(keys.size());
  for (const auto key : cell.keys) ++counts[key];
  if (field.kind != FieldKind::kDense || std::isnan(cell.value)) return;
  sum += cell.value;
  sum_of_squares += static_cast<double>(cell.value) * cell.value;
  ++values;
}

void FieldBuilder::finish() {
  counts.resize(keys.size());
  if (field.kind == FieldKind::kDense) {
    if (values == 0) return;
    field.mean = sum / static_cast<double>(values);
    const double variance = sum_of_squares / static_cast<double>(values) - field.mean * field.mean;
    field.deviation = variance > 1e-12 ? std::sqrt(variance) : 1.0;
    return;
  }
  vocabulary = Vocabulary(keys, counts, min_count);
  field.vocabulary_size = static_cast<std::int64_t>(vocabulary.keys().size());
  field.vocabulary_digest = vocabulary.digest();
}

float FieldBuilder::standardised(float value) const {
  if (std::isnan(value)) return 0.0f;  // missing: the mean
  return static_cast<float>((value - field.mean) / field.deviation);
}

void EncodedColumn::add(const Cell& cell) {
  switch (builder_.field.kind) {
    case FieldKind::kDense:
      dense_.push_back(builder_.standardised(cell.value));
      return;
    case FieldKind::kCategorical:
      ids_.push_back(cell.keys.empty() ? 0 : builder_.id(cell.keys[0]));
      return;
    case FieldKind::kMulti:
      for (const auto key : cell.keys) ids_.push_back(builder_.id(key));
      offsets_.push_back(static_cast<std::int64_t>(ids_.size()));
  }
}

void EncodedColumn::write(Hdf5Writer& file, const std::string& name) const {
  switch (builder_.field.kind) {
    case FieldKind::kDense:
      return file.array(name, dense_);
    case FieldKind::kCategorical:
      return file.array(name, ids_);
    case FieldKind::kMulti:
      file.array(name + "/values", ids_);
      file.array(name + "/offsets", offsets_);
  }
}

}  // namespace warmstart
