#include "data/united_keys.h"

#include <string>
#include <utility>

namespace warmstart {
namespace {

nlohmann::json keys_from(const KeyNumbers& keys, std::size_t first) {
  auto list = nlohmann::json::array();
  for (auto number = first; number < keys.size(); ++number)
    list.push_back(std::string(keys.key(static_cast<std::uint32_t>(number))));
  return list;
}

}  // namespace

std::vector<NumbersOfRank> unite(KeyNumbers& keys, std::size_t common, IngestRanks& ranks) {
  if (ranks.size() == 1) return {NumbersOfRank(keys.size())};
  const auto of_ranks = ranks.gather(keys_from(keys, common));
  std::vector<NumbersOfRank> result;
  keys.keep_first(common);
  for (const auto& own : of_ranks) {
    std::vector<std::uint32_t> numbers;
    for (const auto& key : own) numbers.push_back(keys.add(key.get_ref<const std::string&>()));
    result.emplace_back(common, std::move(numbers));
  }
  return result;
}

}  // namespace warmstart
