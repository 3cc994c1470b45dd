#pragma once

#include <map>
#include <optional>
#include <string>

#include "trainer/adaptation/head.h"
#include "trainer/adaptation/kernel_memory.h"
#include "trainer/adaptation/noise.h"
#include "trainer/adaptation/row_encoder.h"
#include "trainer/adaptation/support_memory.h"
#include "trainer/arithmetic/ridge_solution.h"

namespace warmstart {

// What is known of rows' labels before they come: each is of Student's t distribution.
struct Predictive {
  at::Tensor outputs;         // [T, R, C]: where its centre is
  at::Tensor squared_scales;  // [T, R, 1]
  at::Tensor freedom;         // degrees of it [T, 1, 1]
};

// What tasks have made their own so far.
struct TaskState {
  Head head;
  AdaptedLayers layers;
  std::optional<KernelMemory> kernel = std::nullopt;

  // Of a readout that is not linear, what it compares rows with.
  ReadoutKind readout = ReadoutKind::kLinear;
  int full_context = 0;  // steps of query_in_context()
  std::optional<SupportMemory> support = std::nullopt;

  // The head of a task without support rows; undefined where no stage has made one.
  Head unadapted_head = {};

  // The modulation of such a task's layers; undefined where there is none.
  at::Tensor unadapted_modulation = {};

  // In units of the variance of the labels' noise, that of the head [w, b] where no kernel has it: [T, D + 1, D + 1].
  at::Tensor covariance = {};
  std::optional<RidgeSolution> solution =
      std::nullopt;  // what has the covariance in its place where no memory is wanted
  std::optional<Noise> noise = std::nullopt;

  // What each support row has added to the head of one output: w [T, S, D], b [T, S, 1]; undefined where it was not
  // wanted.
  Head shares = {};

  // What stages that update() have kept of the support rows: their sums, and where one stands behind them; by name.
  std::map<std::string, at::Tensor> sums = {};

  // What inner steps have changed: numbers whose gradient by the parameters is minus the change, [T]; undefined where
  // it was not wanted.
  at::Tensor change_losses = {};

  // For each support row, what the stages would have made without it: the head's rows [T, S, C, D + 1], undefined where
  // they would be the same, and the row's outputs [T, S, C].
  at::Tensor left_out_head = {};
  at::Tensor left_out_outputs = {};

  // Of the state, what outputs() and predictive() need, by name: what a service keeps of a task.
  using Memory = std::map<std::string, at::Tensor>;
  Memory memory() const;
  void restore(const Memory& memory);

  // Of rows [T, R, ..]: [T, R, C].
  at::Tensor outputs(const RowEncoder& rows) const;

  // Of the same rows for all tasks, [N, ..], which no layer adapts; of an objective with one output: [T, N].
  at::Tensor outputs_of_all(const Encoding& rows) const;

  // The distances of rows [T, R, ..] from the support rows, where the readout remembers them: [T, R, S].
  at::Tensor distances_of(const RowEncoder& rows) const;

  // Of rows [T, R, ..], where there is `noise`.
  Predictive predictive(const RowEncoder& rows) const;

  // What each support row adds to each output, where `shares` are: [T, R, S].
  at::Tensor shares_of(const RowEncoder& rows) const;

  // Adds [w, b] to the head: `added` [T, C, D + 1], of which `unadapted`, [T, 1, D + 1] where it is the same for all
  // outputs, is what tasks without support rows get, and `left_out` [T, S, C, D + 1], which may be undefined, what each
  // row's absence leaves.
  void add_to_head(const at::Tensor& added, const at::Tensor& unadapted, const at::Tensor& left_out);

  // Adds to `shares` what the support rows [w, b] have added to the head: [T, S, D + 1].  Of one output.
  void add_shares(const at::Tensor& of_rows);
};

}  // namespace warmstart
