#include <fmt/format.h>

#include "app/command.h"
#include "data/synthetic.h"

namespace warmstart {

ExitCode command_synthesize(Invocation& invocation) {
  const auto& options = invocation.configuration.synthesize;
  if (options.folder.empty()) throw UsageError("synthesize.to is not set: name the folder to make");
  synthesize(options);
  fmt::print("{0}: tables of {1} users and {2} items; ingest them with: warmstart ingest --config {0}/config.ini\n",
             options.folder.string(), options.users, options.items);
  return ExitCode::kOk;
}

}  // namespace warmstart
