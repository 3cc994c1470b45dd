#include "trainer/tables/row_names.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/errors.h"
#include "cluster/virtual_shards.h"

namespace warmstart {
namespace {

static_assert(kVirtualShards == 64, "addresses have six bits for the shard");

[[noreturn]] void refuse(const std::string& one, const std::string& other) {
  throw DataError(
      fmt::format("'{}' and '{}' have one hash, so that they cannot both have a row of a growing table; rename one of "
                  "the keys, or set tables.most-rows = 0",
                  one, other));
}

}  // namespace

std::int64_t address_of(const std::string& name) {
  const auto address = static_cast<std::int64_t>(short_digest(name) >> 2);
  return is_shared(address) ? address + 1 : address;
}

std::vector<std::int64_t> addresses_of_ranks(int ranks) {
  std::vector<std::int64_t> firsts;
  for (int rank = 0; rank < ranks; ++rank) firsts.push_back(shared_address(shards_of(rank, ranks).first));
  firsts.push_back(shared_address(kVirtualShards));
  return firsts;
}

RowNames::RowNames(std::int64_t ids, NameOf name_of)
    : name_of_(std::move(name_of)), addresses_(at::zeros({ids}, at::kLong)) {
  auto* address = addresses_.mutable_data_ptr<std::int64_t>();
  by_address_.reserve(static_cast<std::size_t>(ids));
  for (std::int64_t id = 0; id < ids; ++id) {
    const auto name = name_of_(id);
    if (name.empty()) continue;
    address[id] = address_of(name);
    by_address_.emplace_back(address[id], id);
  }
  std::sort(by_address_.begin(), by_address_.end());
  const auto same = std::adjacent_find(by_address_.begin(), by_address_.end(),
                                       [](const auto& a, const auto& b) { return a.first == b.first; });
  if (same != by_address_.end()) refuse(name_of_(same->second), name_of_(std::next(same)->second));
}

std::int64_t RowNames::id_of(std::int64_t address) const {
  const auto found = std::lower_bound(by_address_.begin(), by_address_.end(), std::pair(address, std::int64_t{0}));
  return found == by_address_.end() || found->first != address ? -1 : found->second;
}

void require_same_name(const RowNames& names, std::int64_t address, const std::string& name) {
  const auto id = names.id_of(address);
  if (id >= 0 && names.name(id) != name) refuse(names.name(id), name);
}

}  // namespace warmstart
