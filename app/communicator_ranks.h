#pragma once

#include "cluster/communicator.h"
#include "data/ingest_ranks.h"

namespace warmstart {

// The ranks of a group, for an ingest.
class CommunicatorRanks : public IngestRanks {
 public:
  explicit CommunicatorRanks(Communicator& group) : group_(group) {}

  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  void agree(const std::function<void()>& work) override;
  std::vector<nlohmann::json> gather(const nlohmann::json& own) override;
  void sum(std::span<std::int64_t> counts) override;

 private:
  Communicator& group_;
};

}  // namespace warmstart
