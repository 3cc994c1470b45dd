#pragma once

#include <filesystem>
#include <string>

namespace warmstart {

struct ProgramResult {
  int exit_code;
  std::string output;  // of both streams
};

// Runs the real program through the shell, on `ranks` ranks (0: without mpirun), in `folder`.
ProgramResult run_program(const std::string& arguments, const std::filesystem::path& folder, int ranks = 0);

// Runs any command.
ProgramResult run_command(const std::string& command);

}  // namespace warmstart
