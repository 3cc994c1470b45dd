#include "base/program.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "base/errors.h"
#include "base/text.h"

extern char** environ;

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOutput = std::size_t{256} << 20;  // bytes

// A file in memory without a name, so that nobody can guess or replace it; a program that writes into it never waits
// for a reader.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content) : file_(memfd_create("warmstart", MFD_CLOEXEC)) {
    if (file_ < 0) throw EnvironmentError(fmt::format("cannot create a file in memory: {}", std::strerror(errno)));
    for (std::size_t done = 0; done < content.size();) {
      const auto count = pwrite(file_, content.data() + done, content.size() - done, static_cast<off_t>(done));
      if (count < 0) throw EnvironmentError(fmt::format("cannot write into memory: {}", std::strerror(errno)));
      done += static_cast<std::size_t>(count);
    }
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return file_; }
  std::string content(const std::string& program) const {
    const auto bytes = static_cast<std::size_t>(lseek(file_, 0, SEEK_END));
    if (bytes > kMostOutput)
      throw EnvironmentError(fmt::format("{}: wrote {} bytes, which is too much", program, bytes));
    std::string text(bytes, '\0');
    std::size_t done = 0;
    while (done < bytes) {
      const auto count = pread(file_, text.data() + done, bytes - done, static_cast<off_t>(done));
      if (count <= 0) throw EnvironmentError(fmt::format("{}: its output cannot be read", program));
      done += static_cast<std::size_t>(count);
    }
    return text;
  }

 private:
  int file_;
};

pid_t spawn(const std::vector<std::string>& arguments, int input, int output, int errors) {
  std::vector<char*> words;
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  pid_t process = 0;
  const int problem = posix_spawnp(&process, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0)
    throw EnvironmentError(fmt::format("{}: cannot be started: {}", arguments[0], std::strerror(problem)));
  return process;
}

int exit_code_of(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) throw EnvironmentError(fmt::format("cannot wait for a program: {}", std::strerror(errno)));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string ProgramOutput::first_line() const {
  const auto& text = errors.empty() ? output : errors;
  return printable(text.substr(0, text.find('\n')), 500);
}

ProgramOutput run_program_to_end(const std::vector<std::string>& arguments, const std::string& input) {
  const MemoryFile in(input), out(""), err("");
  const int code = exit_code_of(spawn(arguments, in.descriptor(), out.descriptor(), err.descriptor()));
  return {code, out.content(arguments[0]), err.content(arguments[0])};
}

bool is_on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto file = fs::path(folder.empty() ? "." : folder) / program;
    std::error_code error;
    if (fs::is_regular_file(file, error) && access(file.c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace warmstart
