// The base learner `entity-towers`, for rows that are about an item and are a user's: a tower for each of the two.
//
// Each distinct item and each distinct user of a microbatch goes through its tower once, however many rows it has. What
// comes out is a part (p, f, b) of each of its rows, as is a linear map of the fields that the row has beside them. The
// features of a row are
//
//   [sum over pairs of its parts of p p', f of the item, f of the user, f of the row's own fields]
//
// where products are element by element, and its base score is the sum of the b.  So the task's head weighs what item
// and user are by themselves, and what they are to each other.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class EntityTowers : public Network {
 public:
  // Throws UsageError where no field of the rows is a user's.
  explicit EntityTowers(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return products_ + std::ssize(towers_) * own_; }
  const char* score_bias() const override { return "mean"; }

 private:
  struct Tower {
    RowPart part;
    LayerId dense;
    std::vector<LayerId> hidden;
    std::optional<LayerId> output;  // behind the hidden layers
    LayerId skip;                   // past them
  };
  Tower add_tower_of(const NetworkParts& parts, RowPart part) const;
  std::int64_t outputs() const { return products_ + own_ + 1; }

  Var through(Pass& pass, const Tower& tower) const;
  Var sum_of_products(Pass& pass, const std::vector<Var>& parts) const;

  std::int64_t products_, own_;  // widths of p and f
  LayerId embedding_, key_bias_;
  std::vector<Tower> towers_;  // of the items, of the users, and of the rows' own fields if there are any
};

}  // namespace warmstart
