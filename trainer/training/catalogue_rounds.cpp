#include "trainer/training/catalogue_rounds.h"

#include <algorithm>
#include <cmath>

namespace warmstart {

std::int64_t CatalogueCut::rounds(double table_bytes, int ranks) const {
  return static_cast<std::int64_t>(std::clamp<double>(std::ceil(table_bytes / bytes / ranks), 1, kMostRounds));
}

CatalogueRounds::CatalogueRounds(std::int64_t entities, std::int64_t most, int ranks, std::int64_t block)
    : entities_(entities), ranks_(ranks) {
  const auto blocks = (entities + block - 1) / block, parts = most * ranks;
  share_ = (blocks + parts - 1) / parts * block;
}

std::int64_t CatalogueRounds::count() const { return (entities_ + share_ * ranks_ - 1) / (share_ * ranks_); }

EntityRange CatalogueRounds::of(std::int64_t round, int rank) const {
  const auto first = std::min(entities_, (round * ranks_ + rank) * share_);
  return {first, std::min(entities_, first + share_)};
}

}  // namespace warmstart
