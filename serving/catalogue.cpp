#include "serving/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/errors.h"
#include "base/files.h"
#include "base/split_text.h"
#include "base/text.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEntitiesFile = "entities.tsv";

// A field's input name without the part that it is of.
std::string suffix_of(const Schema& schema, const Field& field) {
  const char* owner = field.owner == FieldOwner::kTask  ? "task"
                      : field.owner == FieldOwner::kRow ? "row"
                                                        : schema.entity.c_str();
  return fmt::format("{}.{}", owner, field.name);
}

std::string escaped(const std::string& key) {
  std::string text;
  for (const char c : key) {
    if (c == '\\')
      text += "\\\\";
    else if (c == '\t')
      text += "\\t";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else
      text += c;
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      key += text[i];
      continue;
    }
    const char c = text[++i];
    key += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return key;
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  split_text(line, "\t", [&](std::string_view cell) { cells.push_back(cell); });
  return cells;
}

template <typename Number>
Number number_of(std::string_view text, const std::string& where) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw DataError(fmt::format("{}: '{}' is no number", where, printable(text)));
  return value;
}

// Calls row(cells, where) for each line behind the header.
template <typename Row>
void for_each_line(const fs::path& path, std::size_t columns, const Row& row) {
  const auto text = read_file(path);
  std::string_view rest = text;
  for (std::int64_t line = 1; !rest.empty(); ++line) {
    const auto end = rest.find('\n');
    const auto where = fmt::format("{}:{}", path.string(), line);
    if (end == std::string_view::npos) throw DataError(where + ": is cut off; export the model again");
    const auto cells = cells_of(rest.substr(0, end));
    if (cells.size() != columns)
      throw DataError(
          fmt::format("{}: has {} columns instead of {}; export the model again", where, cells.size(), columns));
    if (line > 1) row(cells, where);
    rest.remove_prefix(end + 1);
  }
}

RequestCell cell_of(const Field& field, std::string_view text, const std::string& where) {
  RequestCell cell;
  if (field.kind == FieldKind::kDense) {
    if (!text.empty()) cell.value = number_of<float>(text, where);
    return cell;
  }
  if (text.empty()) return cell;
  split_text(text, ",", [&](std::string_view part) {
    cell.ids.push_back(number_of<std::int64_t>(part, where));
    if (cell.ids.back() < 1 || cell.ids.back() > field.vocabulary_size)
      throw DataError(fmt::format("{}: id {} of '{}' is not in its vocabulary of {}", where, cell.ids.back(),
                                  field.name, field.vocabulary_size));
  });
  return cell;
}

std::string text_of(const Field& field, const RequestCell& cell) {
  if (field.kind == FieldKind::kDense) return std::isnan(cell.value) ? "" : fmt::format("{}", cell.value);
  std::string text;
  for (const auto id : cell.ids)
    if (id != 0) text += fmt::format("{}{}", text.empty() ? "" : ",", id);
  return text;
}

}  // namespace

std::string vocabulary_file(const Schema& schema, const Field& field) {
  return fmt::format("vocabularies/{}.tsv", suffix_of(schema, field));
}

Catalogue::Catalogue(const Dataset& dataset) : schema_(dataset.schema()) {
  for (const auto& field : schema_.fields) {
    vocabularies_.push_back(field.kind == FieldKind::kDense ? std::vector<std::string>() : dataset.vocabulary(field));
    auto& ids = ids_.emplace_back();
    for (const auto& key : vocabularies_.back()) ids.emplace(key, static_cast<std::int64_t>(ids.size()) + 1);
  }
  for (std::int64_t entity = 0; entity < dataset.entities(); ++entity)
    add_entity(dataset.entity_key(entity),
               request_row(schema_, FieldOwner::kEntity, dataset.entity_fields(), static_cast<std::size_t>(entity)));
}

Catalogue::Catalogue(const Schema& schema, const fs::path& folder) : schema_(schema) {
  for (const auto& field : schema_.fields) {
    auto& keys = vocabularies_.emplace_back();
    auto& ids = ids_.emplace_back();
    if (field.kind == FieldKind::kDense) continue;
    const auto path = folder / vocabulary_file(schema_, field);
    for_each_line(path, 2, [&](const auto& cells, const std::string& where) {
      keys.push_back(unescaped(cells[0]));
      if (number_of<std::int64_t>(cells[1], where) != static_cast<std::int64_t>(keys.size()))
        throw DataError(fmt::format("{}: ids do not go up from 1; export the model again", where));
      ids.emplace(keys.back(), static_cast<std::int64_t>(keys.size()));
    });
    if (static_cast<std::int64_t>(keys.size()) != field.vocabulary_size)
      throw DataError(fmt::format("{}: has {} keys, but the model's vocabulary has {}: it is another model's",
                                  path.string(), keys.size(), field.vocabulary_size));
  }
  const auto fields = schema_.fields_of(FieldOwner::kEntity);
  for_each_line(folder / kEntitiesFile, fields.size() + 1, [&](const auto& cells, const std::string& where) {
    RequestRow row;
    for (std::size_t f = 0; f < fields.size(); ++f) row.push_back(cell_of(*fields[f], cells[f + 1], where));
    add_entity(unescaped(cells[0]), std::move(row));
  });
}

void Catalogue::write(const fs::path& folder) const {
  fs::create_directories(folder / "vocabularies");
  for (std::size_t f = 0; f < schema_.fields.size(); ++f) {
    if (schema_.fields[f].kind == FieldKind::kDense) continue;
    std::string text = "key\tid\n";
    for (std::size_t i = 0; i < vocabularies_[f].size(); ++i)
      text += fmt::format("{}\t{}\n", escaped(vocabularies_[f][i]), i + 1);
    write_file(folder / vocabulary_file(schema_, schema_.fields[f]), text);
  }
  const auto fields = schema_.fields_of(FieldOwner::kEntity);
  std::string text = "key";
  for (const auto* field : fields) text += fmt::format("\t{}", suffix_of(schema_, *field));
  text += "\n";
  for (std::size_t entity = 0; entity < keys_.size(); ++entity) {
    text += escaped(keys_[entity]);
    for (std::size_t f = 0; f < fields.size(); ++f) text += fmt::format("\t{}", text_of(*fields[f], rows_[entity][f]));
    text += "\n";
  }
  write_file(folder / kEntitiesFile, text);
}

const std::vector<std::string>& Catalogue::vocabulary(const Field& field) const {
  const auto found = std::find(schema_.fields.begin(), schema_.fields.end(), field);
  return vocabularies_.at(static_cast<std::size_t>(found - schema_.fields.begin()));
}

std::int64_t Catalogue::id(std::size_t field, const std::string& key) const {
  const auto found = ids_[field].find(key);
  return found == ids_[field].end() ? 0 : found->second;
}

RequestRow Catalogue::candidate(std::size_t entity) const {
  auto row = rows_[entity];
  row.resize(row.size() + schema_.fields_of(FieldOwner::kRow).size());
  return row;
}

std::optional<std::size_t> Catalogue::find(const std::string& key) const {
  const auto found = entities_.find(key);
  return found == entities_.end() ? std::nullopt : std::optional(found->second);
}

void Catalogue::add_entity(std::string key, RequestRow row) {
  entities_.emplace(key, keys_.size());
  keys_.push_back(std::move(key));
  rows_.push_back(std::move(row));
}

}  // namespace warmstart
