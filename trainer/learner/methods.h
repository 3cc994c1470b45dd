#pragma once

#include <optional>
#include <string>

#include "trainer/learner/model_options.h"

namespace warmstart {

// Why parts do not go together, and what does.
struct Refusal {
  std::string reason, remedy;
};
std::optional<Refusal> refusal_of(const ModelOptions& options);

// What can be combined with what, by refusal_of(): a table in Markdown and the reasons behind its gaps.
std::string methods_table();

}  // namespace warmstart
