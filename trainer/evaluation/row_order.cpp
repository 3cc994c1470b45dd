#include "trainer/evaluation/row_order.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace warmstart {

void require_order(const Recommender& recommender, RowOrder order, const std::string& option) {
  if (order != RowOrder::kShuffle || !recommender.reads_order()) return;
  throw UsageError(
      fmt::format("{} = shuffle gives support rows in no order, and gru or lstm among adapt.stages, or "
                  "adapt.full-context, reads them one "
                  "after the other; set {} = sorted or time",
                  option, option));
}

}  // namespace warmstart
