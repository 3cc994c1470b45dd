#include "trainer/tables/checkpoint_entries.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"

namespace warmstart {
namespace {

const at::Tensor& array_of(const TableShards& table, const std::string& name) {
  const auto found = table.arrays.find(name);
  if (found == table.arrays.end())
    throw DataError(
        fmt::format("the checkpoint's table '{}' lacks '{}', without which training cannot go on", table.name, name));
  return found->second;
}

}  // namespace

std::string entry_name(const std::string& list, const char* entry) { return fmt::format("{} {}", list, entry); }

const TableShards* find_entry(const Checkpoint& checkpoint, const std::string& name) {
  const auto found = std::find_if(checkpoint.tables.begin(), checkpoint.tables.end(),
                                  [&](const auto& each) { return each.name == name; });
  return found == checkpoint.tables.end() ? nullptr : &*found;
}

const TableShards& entry_of(const Checkpoint& checkpoint, const std::string& name) {
  const auto* found = find_entry(checkpoint, name);
  if (found == nullptr) throw DataError(fmt::format("the checkpoint has no table, nor entry of tables, '{}'", name));
  return *found;
}

const at::Tensor& rows_of(const TableShards& table, const std::string& name, std::int64_t width) {
  const auto& rows = array_of(table, name);
  if (rows.scalar_type() != at::kFloat || rows.dim() != 2 || rows.size(1) != width)
    throw DataError(fmt::format("the checkpoint's '{}/{}' is not {} numbers a row", table.name, name, width));
  return rows;
}

const at::Tensor& numbers_of(const TableShards& table, const std::string& name) {
  const auto& numbers = array_of(table, name);
  if (numbers.scalar_type() != at::kLong)
    throw DataError(fmt::format("the checkpoint's '{}/{}' is not a whole number a row", table.name, name));
  return numbers;
}

TableShards growing_entry(const TableList& list, std::string name, std::int64_t width,
                          std::vector<std::int64_t> counts) {
  TableShards entry;
  entry.name = std::move(name);
  entry.rows = list.places().per_shard() * kVirtualShards;
  entry.width = width;
  entry.ids_of = name_of(list.ids_of());
  entry.counts = std::move(counts);
  return entry;
}

void refuse_index(const std::string& name) {
  throw DataError(fmt::format("the checkpoint's '{}' is not that of a table in its order of addresses", name));
}

}  // namespace warmstart
