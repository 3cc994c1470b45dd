#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace warmstart {

// How the rows of a batch divide into microbatches.  Rows [T, R, ..] of tasks divide evenly; the distinct rows [N, ..]
// as `first_rows` [count + 1] says.
struct Microbatches {
  std::int64_t count = 1;
  std::vector<std::int64_t> first_rows = {};  // empty: they divide evenly, too

  // Rows [T, R, ..] or [N, ..] by microbatch, as matrices [rows, last dimension] in the same memory.
  std::vector<at::Tensor> split(const at::Tensor& rows) const;

  // Where each microbatch's tasks begin, of so many: [count + 1].
  std::vector<std::int64_t> first_tasks(std::int64_t tasks) const;

  // What microbatches have each, `values` [count, ..], for each of so many tasks, or distinct rows: [tasks, ..].  Where
  // PlainArithmetic stands, one microbatch's broadcast: [1, ..].
  at::Tensor for_tasks(const at::Tensor& values, std::int64_t tasks) const;
  at::Tensor for_distinct_rows(const at::Tensor& values) const;
};

}  // namespace warmstart
