// Exceptions that carry the exit code of the program.
//
// The text of each names what was found (file, line, key), what was wanted and
// what to do.  Only main() catches them.

#pragma once

#include <stdexcept>
#include <string>

namespace warmstart {

enum class ExitCode {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,        // the command line or the configuration
  kData = 3,         // tables, data sets, checkpoints
  kEnvironment = 4,  // the machine: disk, network, libraries
  kDiverged = 5,     // loss or parameters are not finite
  kSaved = 75,       // asked to stop; saved; run me again
  kInterrupted = 130,
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};

// Throws UsageError(message) unless the condition holds.
inline void require(bool holds, const std::string& message) {
  if (!holds) throw UsageError(message);
}

struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ExitCode::kData, message) {}
};

struct EnvironmentError : Error {
  explicit EnvironmentError(const std::string& message) : Error(ExitCode::kEnvironment, message) {}
};

}  // namespace warmstart
