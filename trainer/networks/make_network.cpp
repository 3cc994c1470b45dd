#include "trainer/networks/make_network.h"

#include "trainer/networks/mf.h"
#include "trainer/networks/mlp.h"
#include "trainer/networks/two_tower.h"

namespace warmstart {

std::unique_ptr<Network> make_network(const NetworkParts& parts) {
  const auto kind = parts.options.kind;
  if (kind == NetworkKind::kMlp) return std::make_unique<Mlp>(parts);
  if (kind == NetworkKind::kMf) return std::make_unique<Mf>(parts);
  return std::make_unique<TwoTower>(parts);
}

}  // namespace warmstart
