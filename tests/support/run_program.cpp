#include "tests/support/run_program.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace warmstart {

std::string program_path() { return WARMSTART_PROGRAM; }

std::string mpi_launcher() { return WARMSTART_MPIEXEC; }

std::vector<nlohmann::json> objects_of(const std::string& output) {
  std::vector<nlohmann::json> found;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("{")) found.push_back(nlohmann::json::parse(line));
  return found;
}

ProgramResult run_command(const std::string& command) {
  FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
  std::string output;
  std::array<char, 4096> piece;
  while (const auto count = fread(piece.data(), 1, piece.size(), pipe)) output.append(piece.data(), count);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output};
}

std::string parameters_digest(const std::string& output) {
  constexpr const char* kBefore = ", parameters ";
  const auto place = output.rfind(kBefore);
  return place == std::string::npos ? output : output.substr(place + std::strlen(kBefore), 32);
}

ProgramResult run_program(const std::string& arguments, const std::filesystem::path& folder, int ranks) {
  const auto launcher = ranks == 0 ? "" : fmt::format("{} -n {} ", mpi_launcher(), ranks);
  return run_command(fmt::format("cd '{}' && {}{} {}", folder.string(), launcher, program_path(), arguments));
}

}  // namespace warmstart
