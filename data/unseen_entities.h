// Entities that a task has no row of, drawn as rows of label 0: what users of a shop did not buy, near enough.

#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"

namespace warmstart {

class UnseenEntities {
 public:
  // Entity e is drawn with a weight of max(training_rows[e], 1)^power (Mikolov et al. 2013 take 0.75); 0: all alike.
  UnseenEntities(const std::vector<std::int64_t>& training_rows, double power);

  // Of the weights of all entities.
  double share(std::size_t entity) const {
    return static_cast<double>(first_[entity + 1] - first_[entity]) / static_cast<double>(first_.back());
  }

  // The entities but those that a task has seen.  What it is made of outlives it.
  class OfTask {
   public:
    // `seen`: entities in any order, perhaps several times.
    OfTask(const UnseenEntities& all, std::vector<std::uint32_t> seen);

    std::int64_t count() const { return count_; }

    // One of them; count() is above 0.
    std::uint32_t draw(RandomStream& random) const;
    // `count` of them, all different, in random order; at most count().
    std::vector<std::uint32_t> draw_different(RandomStream& random, std::uint32_t count) const;

   private:
    const UnseenEntities& all_;
    std::vector<std::uint32_t> seen_;            // sorted, each once
    std::vector<std::uint64_t> weights_before_;  // [seen + 1] of the unseen entities before each, and of all of them
    std::int64_t count_;
  };

 private:
  std::vector<std::uint64_t> first_;  // [entities + 1] the sum of the weights before each
};

}  // namespace warmstart
