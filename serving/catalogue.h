#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "serving/request.h"

namespace warmstart {

// What turns raw keys into a request: each field's vocabulary, and the fields of all entities that the data set knew.
// As files, tab-separated, with \t, \n, \r and \\ for a tab, line ends and a backslash in a key:
//
//   vocabularies/item.genres.tsv   key and id, in the order of the keys' bytes; by the input's name without its part
//   entities.tsv                   key, then a column an input, named likewise: an id, ids with commas between them, or
//   a number; empty where unknown or missing
class Catalogue {
 public:
  // Both read it whole.  `schema` is copied.
  explicit Catalogue(const Dataset& dataset);
  // Throws DataError naming the file and the line of what is damaged.
  Catalogue(const Schema& schema, const std::filesystem::path& folder);

  void write(const std::filesystem::path& folder) const;

  const Schema& schema() const { return schema_; }
  // The keys of a field of the schema by their ids, from 1 on; of numbers there are none.
  const std::vector<std::string>& vocabulary(const Field& field) const;
  // The id of a key of the schema's field number `field`; 0 where it is unknown.
  std::int64_t id(std::size_t field, const std::string& key) const;

  std::size_t entities() const { return keys_.size(); }
  const std::string& key(std::size_t entity) const { return keys_[entity]; }
  const RequestRow& fields(std::size_t entity) const { return rows_[entity]; }
  // Its fields as a candidate's, of whose row nothing else is known.
  RequestRow candidate(std::size_t entity) const;
  std::optional<std::size_t> find(const std::string& key) const;

 private:
  void add_entity(std::string key, RequestRow row);

  Schema schema_;
  std::vector<std::vector<std::string>> vocabularies_;  // by the schema's fields: keys by id - 1
  std::vector<std::unordered_map<std::string, std::int64_t>> ids_;
  std::vector<std::string> keys_;
  std::vector<RequestRow> rows_;
  std::unordered_map<std::string, std::size_t> entities_;
};

// The file of a field's vocabulary, in a model's folder.
std::string vocabulary_file(const Schema& schema, const Field& field);

}  // namespace warmstart
