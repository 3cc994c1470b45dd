// What a meta-step costs a rank: bytes, messages, arithmetic, time.  docs/scaling.md has the formulas in words.

#pragma once

#include <vector>

#include "trainer/cost/machine_options.h"
#include "trainer/training/step_bytes.h"

namespace warmstart {

// What the cost of a meta-step depends on, beside the machine.
struct StepShape {
  // Tables whose rows have the same places (ShardedTables::lists()).
  struct TableList {
    double wanted;  // distinct rows that a rank looks up
    double tables;
    double widths;      // of all of them together
    double counts = 0;  // numbers that go back beside a row's gradients: 1 where tables grow, which count sightings
  };
  double ranks = 1;
  double parameters = 0;  // that all ranks hold
  std::vector<TableList> lists = {};
  // Rows of the meta-step that ranks share the encoding of; 0: each encodes its tasks' own.
  double shared_rows = 0;
  double encoding_width = 0;  // numbers of an encoded row
  double listed_rows = 0;     // that a rank lists so that the distinct ones are found: most tasks by the longest ones
  double encoded_rows = 0;    // that a rank takes through the network
  double multiply_adds = 0;   // of a row on its way through it
};

// Bytes that a rank sends to others, on average over the ranks.
StepBytes expected_bytes(const StepShape& shape);

// Messages that a rank sends, were each exchange one message to each other rank and none on its way beside another.
double expected_messages(const StepShape& shape);

struct StepSeconds {
  double arithmetic, bytes, messages;
  double total() const { return arithmetic + bytes + messages; }
};
// With nothing of it hidden behind the rest.
StepSeconds expected_seconds(const StepShape& shape, const MachineOptions& machine);

}  // namespace warmstart
