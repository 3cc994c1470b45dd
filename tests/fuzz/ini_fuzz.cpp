// Any text as the INI file of --config: it is refused by a UsageError of one line, or its resolved form reads back the
// same.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/configuration.h"
#include "base/errors.h"

namespace {

// A file in memory, by a path that can be opened.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content) : file_(memfd_create("fuzz", 0)) {
    if (write(file_, content.data(), content.size()) != static_cast<ssize_t>(content.size())) std::abort();
  }
  ~MemoryFile() { close(file_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

std::string resolved_of(const std::string& text) {
  const MemoryFile file(text);
  warmstart::Configuration configuration;
  auto options = warmstart::options_of(configuration);
  options.parse({"--config", file.path()}, {.own_section = "train", .flags = {}});
  return options.resolved();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string resolved;
  try {
    resolved = resolved_of({reinterpret_cast<const char*>(data), size});
  } catch (const warmstart::Error& error) {
    for (const char c : std::string(error.what())) {
      if (static_cast<unsigned char>(c) < 0x20) std::abort();
    }
    return 0;
  }
  // What was accepted once is accepted again, as the same: runs are compared by this text.
  if (resolved_of(resolved) != resolved) std::abort();
  return 0;
}
