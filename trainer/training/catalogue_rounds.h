#pragma once

#include <cstdint>

#include "base/host.h"
#include "trainer/learner/learner_catalogue.h"

namespace warmstart {

// How much of a catalogue is computed at once, and how many bytes of rows a rank has copies of meanwhile, unless these
// would be so few that they are brought more than kMostRounds times.  Each time costs a pass over the files of a
// checkpoint, so there is no more than one where memory allows it.  Ranks may differ in `bytes`: the least counts.
struct CatalogueCut {
  std::int64_t block = kEntitiesAtOnce;
  double bytes = host_memory_bytes() / 16;
  static constexpr std::int64_t kMostRounds = 16;

  // How many rounds one of so many ranks wants of tables of so many bytes.
  std::int64_t rounds(double table_bytes, int ranks) const;
};

// Entities of a data set, or of what is left of them: from `first` to before `end`.
struct EntityRange {
  std::int64_t first, end;
  std::int64_t count() const { return end - first; }
};

// Whole blocks of entities, in at most so many rounds, in each of which every rank has as many; the last ranks may have
// none.
class CatalogueRounds {
 public:
  CatalogueRounds(std::int64_t entities, std::int64_t most, int ranks, std::int64_t block);

  std::int64_t share() const { return share_; }  // entities of a rank in a round
  std::int64_t count() const;
  EntityRange of(std::int64_t round, int rank) const;

 private:
  std::int64_t entities_, ranks_, share_;
};

}  // namespace warmstart
