#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace warmstart {

// Rows of zeros, float32 [rows, columns], which take memory, or room on disk, when they are first written to.  Where
// `spill` is not empty they lie in a file in that folder, which the kernel reads and writes by page and which nobody
// else sees: it has no name, and is gone with the process.  Throws EnvironmentError when the disk has no room for them.
at::Tensor zeroed_rows(std::int64_t rows, std::int64_t columns, const std::filesystem::path& spill);

// A contiguous copy of `rows` [n, columns], in such a file where `spill` is not empty.
at::Tensor copied_rows(const at::Tensor& rows, const std::filesystem::path& spill);

}  // namespace warmstart
