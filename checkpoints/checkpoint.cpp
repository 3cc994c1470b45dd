#include "checkpoints/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kParameters = "parameters.h5";
constexpr const char* kManifest = "manifest.json";

void write_parameters(const fs::path& path, const NamedTensors& parameters) {
  Hdf5Writer file(path);
  for (const auto& [name, tensor] : parameters) {
    const std::vector<hsize_t> shape(tensor.sizes().begin(), tensor.sizes().end());
    file.array(name, std::span<const float>(tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())), shape);
  }
  file.close();
}

// In the order of the manifest.
NamedTensors read_parameters(const fs::path& path, const nlohmann::json& names) {
  const Hdf5Mapping file(path);
  NamedTensors parameters;
  for (const std::string name : names) {
    const auto values = file.array<float>(name);
    const auto shape = file.shape(name);
    auto tensor = at::empty(std::vector<std::int64_t>(shape.begin(), shape.end()), at::kFloat);
    std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
    parameters.emplace_back(name, tensor);
  }
  return parameters;
}

Checkpoint read_folder(const fs::path& folder) {
  const auto manifest = read_json(folder / kManifest);
  try {
    if (manifest.at("format") != "warmstart-checkpoint")
      throw DataError(fmt::format("{}: is not the manifest of a checkpoint", (folder / kManifest).string()));
    if (const int version = manifest.at("version"); version > kCheckpointVersion) {
      throw DataError(fmt::format("{}: made by a newer Warmstart (format version {}, this one reads up to {}); update Warmstart",
                                  folder.string(), version, kCheckpointVersion));
    }
    if (digest_file(folder / kParameters) != manifest.at("files").at(kParameters)) {
      throw DataError(fmt::format("{}: is damaged: its digest is not the one in {}", (folder / kParameters).string(), kManifest));
    }
    return {manifest.at("step"), manifest.at("description"), read_parameters(folder / kParameters, manifest.at("parameters"))};
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", (folder / kManifest).string(), error.what()));
  }
}

std::vector<fs::path> newest_first(const fs::path& run) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run, ignored)) {
    if (entry.path().filename().string().starts_with("step-") && is_checkpoint(entry.path())) folders.push_back(entry.path());
  }
  std::sort(folders.rbegin(), folders.rend());
  return folders;
}

}  // namespace

bool is_checkpoint(const fs::path& path) { return fs::exists(path / kManifest); }

fs::path write_checkpoint(const fs::path& run, const Checkpoint& checkpoint) {
  const auto target = run / fmt::format("step-{:08d}", checkpoint.step);
  PendingFolder folder(target);
  write_parameters(folder.path() / kParameters, checkpoint.parameters);
  auto names = nlohmann::json::array();
  for (const auto& [name, tensor] : checkpoint.parameters) names.push_back(name);
  const nlohmann::json manifest = {{"format", "warmstart-checkpoint"},
                                   {"version", kCheckpointVersion},
                                   {"step", checkpoint.step},
                                   {"description", checkpoint.description},
                                   {"parameters", names},
                                   {"files", {{kParameters, digest_file(folder.path() / kParameters)}}}};
  write_file(folder.path() / kManifest, manifest.dump(2) + "\n");
  folder.commit();
  return target;
}

Checkpoint read_checkpoint(const fs::path& path) {
  if (is_checkpoint(path)) return read_folder(path);
  for (const auto& folder : newest_first(path)) {
    try {
      return read_folder(folder);
    } catch (const DataError& error) {
      spdlog::warn("passed over a checkpoint: {}", error.what());
    }
  }
  throw DataError(fmt::format("{}: holds no readable checkpoint; train one with: warmstart train --config FILE.ini", path.string()));
}

}  // namespace warmstart
