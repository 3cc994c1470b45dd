#include "trainer/networks/make_network.h"

#include "trainer/networks/content.h"
#include "trainer/networks/deepfm.h"
#include "trainer/networks/din.h"
#include "trainer/networks/entity_towers.h"
#include "trainer/networks/mf.h"
#include "trainer/networks/mlp.h"
#include "trainer/networks/two_tower.h"

namespace warmstart {

std::unique_ptr<Network> make_network(const NetworkParts& parts) {
  const auto kind = parts.options.kind;
  if (kind == NetworkKind::kMlp) return std::make_unique<Mlp>(parts);
  if (kind == NetworkKind::kMf) return std::make_unique<Mf>(parts);
  if (kind == NetworkKind::kContent) return std::make_unique<Content>(parts);
  if (kind == NetworkKind::kDeepFm) return std::make_unique<DeepFm>(parts);
  if (kind == NetworkKind::kDin) return std::make_unique<Din>(parts);
  if (kind == NetworkKind::kEntityTowers) return std::make_unique<EntityTowers>(parts);
  return std::make_unique<TwoTower>(parts);
}

}  // namespace warmstart
