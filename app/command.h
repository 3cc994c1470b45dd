// The commands of the program.  Each gets parsed options, connects other folders' parts and prints a report.

#pragma once

#include "app/configuration.h"
#include "cluster/communicator.h"

namespace warmstart {

struct Invocation {
  Configuration configuration;
  Options options;
  Options::CommandLine line;
};

// Run by rank 0 alone.
ExitCode command_synthesize(Invocation& invocation);
ExitCode command_methods(Invocation& invocation);
ExitCode command_plan(Invocation& invocation);
ExitCode command_inspect(Invocation& invocation);
ExitCode command_predict(Invocation& invocation);
ExitCode command_report(Invocation& invocation);
ExitCode command_status(Invocation& invocation);
ExitCode command_submit(Invocation& invocation);
ExitCode command_sweep(Invocation& invocation);

// Collective.
ExitCode command_ingest(Invocation& invocation, Communicator& group);
ExitCode command_train(Invocation& invocation, Communicator& group);
ExitCode command_evaluate(Invocation& invocation, Communicator& group);
ExitCode command_export(Invocation& invocation, Communicator& group);

}  // namespace warmstart
