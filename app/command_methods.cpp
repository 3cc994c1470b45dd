#include <fmt/format.h>

#include "app/command.h"
#include "trainer/learner/methods.h"

namespace warmstart {

ExitCode command_methods(Invocation&) {
  fmt::print("{}", methods_table());
  return ExitCode::kOk;
}

}  // namespace warmstart
