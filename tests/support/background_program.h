#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace warmstart {

// A shell command that runs while the test goes on; killed, with what it started, when the object goes.
class BackgroundProgram {
 public:
  // Its output goes to the file `log`.
  BackgroundProgram(const std::string& command, const std::string& log);
  ~BackgroundProgram();
  BackgroundProgram(const BackgroundProgram&) = delete;
  BackgroundProgram& operator=(const BackgroundProgram&) = delete;

  pid_t process() const { return child_; }  // the shell, or what it exec-ed
  bool running();
  int wait();  // its exit code, 128 + signal

 private:
  pid_t child_;
  int status_ = -1;
};

// The processes of our program whose command line holds `text`, in order of their ids.
std::vector<pid_t> warmstart_processes(const std::string& text);

}  // namespace warmstart
