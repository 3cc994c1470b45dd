#pragma once

#include "trainer/adaptation/stage.h"

namespace warmstart {

// A head of zeros: where adaptation starts when nothing is known of a task's classes before its support, as in episodes
// that number their classes anew.
class ZeroStart : public Stage {
 public:
  ZeroStart(std::int64_t outputs, std::int64_t features) : outputs_(outputs), features_(features) {}

  void apply(TaskState& state, const Support& support) const override;

 private:
  std::int64_t outputs_, features_;
};

}  // namespace warmstart
