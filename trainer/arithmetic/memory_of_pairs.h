#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace warmstart {

// Throws UsageError when `setting`, which compares all pairs of a task's rows ("support rows") by so many numbers of
// float32 each, would need more memory than the host has for all tasks of the mask [T, R] at once; `remedy` says what
// needs less.
void require_memory_of_pairs(const at::Tensor& mask, int numbers, const std::string& setting, const std::string& rows,
                             const std::string& remedy);

}  // namespace warmstart
