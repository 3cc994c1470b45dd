#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "trainer/adaptation/task_state.h"
#include "trainer/objectives/objective.h"

namespace warmstart {

// What stages are to say beside the state.
struct Wanted {
  bool left_out = false;  // what the support rows' outputs would be without each
  bool shares = false;    // what each support row has added to the head
  bool sums = false;      // what update() goes on from
  bool change = false;    // what inner steps change of what all tasks share; they are constants to autograd, then
  bool memory = true;     // what the state's memory() is made of
  bool noise = true;      // what predictive() is made of beside the outputs
};

// What a stage sees of the tasks of a microbatch.
struct Support {
  const RowEncoder& rows;
  const RowTensors& labels;            // [T, S]
  const at::Tensor& row_counts;        // [T, 1]
  const FeatureTensors& descriptions;  // of the tasks themselves
  const Dropout* dropout;              // null outside of training
  const Objective& objective;
  Wanted wanted;
};

// A step on the way from the support to the task's state.
class Stage {
 public:
  virtual ~Stage() = default;

  // The linear maps of the rows' inputs that it reads, by name.
  virtual std::vector<std::string> row_parts() const { return {}; }
  // Those of them that what it makes reads of query rows, too.
  virtual std::vector<std::string> query_parts() const { return {}; }

  // Whether what it makes depends on the order of the support rows, which then is that of time.
  virtual bool reads_order() const { return false; }

  // Whether it says what the support rows' outputs would be without each.
  virtual bool leaves_out() const { return false; }

  // Made of differentiable operators alone.
  virtual void apply(TaskState& state, const Support& support) const = 0;

  // Whether a task can be given more rows without those that it has seen.
  virtual bool updates() const { return false; }

  // As apply() to all rows so far, of which the state holds the sums and `support` the new ones; its row_counts are of
  // all.  For a stage that updates().
  virtual void update(TaskState& /*state*/, const Support& /*support*/) const {
    throw std::logic_error("a stage that does not update was asked to");
  }
};

}  // namespace warmstart
