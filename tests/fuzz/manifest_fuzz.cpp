// Any JSON as a checkpoint's manifest, under a digest that holds and beside a slice as it was written.

#include <unistd.h>

#include <cstdint>
#include <filesystem>

#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "base/json.h"
#include "checkpoints/checkpoint.h"
#include "json_mutator.h"

namespace warmstart {
namespace {

struct Folder {
  Folder() : path("/dev/shm/warmstart-manifest-fuzz-" + std::to_string(getpid())) {
    std::filesystem::create_directory(path);
    Hdf5Writer file(path / "slice");
    for (const auto* name : {"moment", "parameters"}) file.array(name, std::vector<float>{1, 2, 3, 4, 5, 6, 7});
    digest = file.close();
    bytes = std::filesystem::file_size(path / "slice");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
  std::string digest;
  std::uintmax_t bytes;
};

// Inputs name no digest or size of the slice, which fuzzing would not guess, and no version, which moves on.
void complete(nlohmann::json& manifest, const Folder& folder) {
  if (!manifest.contains("version")) manifest["version"] = kCheckpointVersion;
  if (!manifest.contains("slices") || !manifest["slices"].is_array()) return;
  for (auto& slice : manifest["slices"]) {
    if (!slice.is_object()) continue;
    if (!slice.contains("digest")) slice["digest"] = folder.digest;
    if (!slice.contains("bytes")) slice["bytes"] = folder.bytes;
  }
}

void read_input(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  try {
    auto manifest = parse_json({reinterpret_cast<const char*>(data), size}, "input");
    if (!manifest.is_object()) return;
    complete(manifest, folder);
    const auto text = sealed(manifest);
    FILE* file = fopen((folder.path / kManifest).c_str(), "w");  // not synced: this is done thousands of times a second
    fwrite(text.data(), 1, text.size(), file);
    fclose(file);
    for (const auto& [name, tensor] : read_checkpoint(folder.path).named()) (void)tensor.numel();
    note_accepted(data, size);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace warmstart

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  warmstart::read_input(data, size);
  return 0;
}
