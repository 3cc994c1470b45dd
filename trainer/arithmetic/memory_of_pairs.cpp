#include "trainer/arithmetic/memory_of_pairs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/host.h"

namespace warmstart {

void require_memory_of_pairs(const at::Tensor& mask, int numbers, const std::string& setting, const std::string& rows,
                             const std::string& remedy) {
  const auto tasks = mask.size(0), count = mask.size(1);
  const double pairs = static_cast<double>(tasks) * static_cast<double>(count) * static_cast<double>(count);
  require_memory(static_cast<double>(sizeof(float)) * numbers * pairs,
                 fmt::format("{} compares all pairs of a task's {} {}, which, of {} tasks at once ({} need less),",
                             setting, count, rows, tasks, remedy));
}

}  // namespace warmstart
