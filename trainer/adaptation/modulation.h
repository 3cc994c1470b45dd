// Gains and shifts of each task behind the network's hidden layers, which the stages that write heads may write as well
// (FiLM, Perez et al. 2018; for tasks, CNAPs, Requeima et al. 2019): tanh of a linear map of what a stage makes its
// head of, since sums over many rows would make any factor, and inner steps through such layers diverge.  They join
// those of the stages before it, and are 0 at first.

#pragma once

#include <string>

#include "trainer/adaptation/task_state.h"

namespace warmstart {

// Declares the map of the stage `stage`, whose codes are `width` wide; none where `size` is 0.
void add_modulation(const std::string& stage, std::int64_t width, std::int64_t size, Parameters& parameters);

// Of codes [T, 1, width]; nothing where the map is not declared.
void modulate(TaskState& state, const std::string& stage, const at::Tensor& code);

}  // namespace warmstart
