#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace warmstart {

// An address is what growing tables know a key by, whatever its id in a data set: 62 bits of its name's hash, of which
// the upper six are its virtual shard.  Where the others are 0 it is that of the row which the shard's keys share until
// they have their own.
constexpr int kAddressBits = 56;  // below the shard
std::int64_t address_of(const std::string& name);
inline std::int64_t shard_of_address(std::int64_t address) { return address >> kAddressBits; }
inline std::int64_t shared_address(std::int64_t shard) { return shard << kAddressBits; }
// Where each rank's begin, and behind the last one's: [ranks + 1].
std::vector<std::int64_t> addresses_of_ranks(int ranks);
inline bool is_shared(std::int64_t address) { return address == shared_address(shard_of_address(address)); }

// What a list of ids stands for.
class RowNames {
 public:
  using NameOf = std::function<std::string(std::int64_t id)>;

  // `name_of` gives the name of each of `ids`, no two the same; an empty one is of no key.  Throws DataError naming two
  // keys that have one address.
  RowNames(std::int64_t ids, NameOf name_of);

  std::int64_t ids() const { return addresses_.numel(); }
  std::int64_t address(std::int64_t id) const { return addresses_.const_data_ptr<std::int64_t>()[id]; }
  const at::Tensor& addresses() const { return addresses_; }  // int64 [ids]
  std::string name(std::int64_t id) const { return name_of_(id); }
  // -1 where none of the ids has it.
  std::int64_t id_of(std::int64_t address) const;

 private:
  NameOf name_of_;
  at::Tensor addresses_;
  std::vector<std::pair<std::int64_t, std::int64_t>> by_address_;  // with their ids, ascending
};

// Throws DataError unless `name`, of a row with this address, is what the address stands for among `names`, too.
void require_same_name(const RowNames& names, std::int64_t address, const std::string& name);

}  // namespace warmstart
