#pragma once

#include <string>
#include <vector>

namespace warmstart {

struct ProgramOutput {
  int exit_code;  // 128 and the signal's number when a signal ended it
  std::string output, errors;

  // The first line of the errors, else of the output: what to show of a failure.
  std::string first_line() const;
};

// Runs a program to its end.  `arguments` are the program, which is looked for on the PATH, and what it gets, word by
// word: no shell reads them.  `input` is its stdin.  Throws EnvironmentError when it cannot be started.
ProgramOutput run_program_to_end(const std::vector<std::string>& arguments, const std::string& input = "");

// Whether the PATH has an executable file of this name.
bool is_on_path(const std::string& program);

}  // namespace warmstart
