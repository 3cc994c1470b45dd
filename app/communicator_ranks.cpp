#include "app/communicator_ranks.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <string>

#include "cluster/agreement.h"
#include "cluster/gather_texts.h"

namespace warmstart {
namespace {

constexpr std::size_t kMostCounts = std::size_t{1} << 20;  // of one call, which may copy them

}  // namespace

void CommunicatorRanks::agree(const std::function<void()>& work) { warmstart::agree(group_, work); }

std::vector<nlohmann::json> CommunicatorRanks::gather(const nlohmann::json& own) {
  if (size() == 1) return {own};
  std::string packed;
  nlohmann::json::to_msgpack(own, packed);
  std::vector<nlohmann::json> all;
  for (const auto& text : gather_texts(group_, packed)) all.push_back(nlohmann::json::from_msgpack(text));
  return all;
}

void CommunicatorRanks::sum(std::span<std::int64_t> counts) {
  for (std::size_t start = 0; start < counts.size(); start += kMostCounts) {
    const auto count = std::min(kMostCounts, counts.size() - start);
    auto tensor = at::from_blob(counts.data() + start, {static_cast<std::int64_t>(count)}, at::kLong);
    group_.sum(tensor);
  }
}

}  // namespace warmstart
