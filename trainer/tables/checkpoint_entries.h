#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>

#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"
#include "trainer/tables/table_list.h"

namespace warmstart {

// Entries of checkpoints for tables and, where these grow, for each list of them.  All that is read throws DataError
// where it is not what it should be: anybody may have renewed digests, so the manifest's word is not enough.

// Names of a list's entries: which keys have rows, and which wait.
constexpr const char* kKeysIndex = "index";
constexpr const char* kKeysWaiting = "waiting";
std::string entry_name(const std::string& list, const char* entry);

const TableShards* find_entry(const Checkpoint& checkpoint, const std::string& name);  // null where there is none
const TableShards& entry_of(const Checkpoint& checkpoint, const std::string& name);

// float32 [.., width].
const at::Tensor& rows_of(const TableShards& table, const std::string& name, std::int64_t width);
// int64, one a row.
const at::Tensor& numbers_of(const TableShards& table, const std::string& name);

[[noreturn]] void refuse_index(const std::string& name);

// One without arrays yet, of as many rows in each shard as `counts` say.
TableShards growing_entry(const TableList& list, std::string name, std::int64_t width,
                          std::vector<std::int64_t> counts);

// int64 [items].
template <typename Item, typename Value>
at::Tensor column_of(const std::vector<Item>& items, Value Item::*member) {
  std::vector<std::int64_t> values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(item.*member);
  return at::tensor(values, at::kLong);
}

}  // namespace warmstart
