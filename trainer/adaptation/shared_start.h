#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// One head for all tasks: where adaptation starts when no stage makes one of the task's fields.
class SharedStart : public Stage {
 public:
  SharedStart(std::int64_t outputs, std::int64_t features, Initialiser& draw, Parameters& parameters);

  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;
};

}  // namespace warmstart
