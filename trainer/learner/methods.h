#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trainer/learner/model_options.h"

namespace warmstart {

// Why parts do not go together, and what does.
struct Refusal {
  std::string reason, remedy;
};
std::optional<Refusal> refusal_of(const ModelOptions& options);

// Everything that goes together, every scope by itself; all else is at its default.
std::vector<ModelOptions> all_methods();
std::string name_of(const ModelOptions& method);  // "mlp, prior, steps, squared, head"

// What can be combined with what, by refusal_of(): a table in Markdown and the reasons behind its gaps.
std::string methods_table();

}  // namespace warmstart
