#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace warmstart {

// The real program, and what starts a command on ranks up to "-n RANKS".
std::string program_path();
std::string mpi_launcher();

struct ProgramResult {
  int exit_code;
  std::string output;  // of both streams
};

// Runs the real program through the shell, on `ranks` ranks (0: without mpirun), in `folder`.
ProgramResult run_program(const std::string& arguments, const std::filesystem::path& folder, int ranks = 0);

// The digest of the parameters that training said last; the whole output when it said none.
std::string parameters_digest(const std::string& output);

// The JSON objects of an output, one a line; other lines, of the log, are left out.
std::vector<nlohmann::json> objects_of(const std::string& output);

// Runs any command.
ProgramResult run_command(const std::string& command);

}  // namespace warmstart
