#include "checkpoints/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "cluster/agreement.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// The step in a checkpoint's folder name; nothing for other names.
std::optional<std::int64_t> step_of(const fs::path& folder) {
  const auto name = folder.filename().string();
  if (!name.starts_with("step-") || name.size() < 13) return std::nullopt;
  std::int64_t step = 0;
  const auto* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + 5, end, step);
  return result.ptr == end ? std::optional(step) : std::nullopt;
}

void read_slice(const fs::path& folder, const nlohmann::json& slice, std::map<std::string, at::Tensor>& vectors) {
  const auto path = folder / slice.at("file").get<std::string>();
  if (digest_file(path) != slice.at("digest")) {
    throw DataError(fmt::format("{}: is damaged: its digest is not the one in {}", path.string(), kManifest));
  }
  const Hdf5Mapping file(path);
  for (auto& [name, vector] : vectors) {
    const auto values = file.array<float>(name);
    if (static_cast<std::int64_t>(values.size()) != slice.at("count"))
      throw DataError(fmt::format("{}: '{}' has another length than in {}", path.string(), name, kManifest));
    std::copy(values.begin(), values.end(), vector.mutable_data_ptr<float>() + slice.at("first").get<std::int64_t>());
  }
}

Checkpoint without_vectors(const nlohmann::json& manifest) {
  Checkpoint checkpoint{
      manifest.at("step"), manifest.at("description"), manifest.at("state"), {}, manifest.at("layout"), {}};
  if (!manifest.at("validation_error").is_null())
    checkpoint.validation_error = manifest.at("validation_error").get<double>();
  const std::int64_t count = manifest.at("count");
  for (const std::string name : manifest.at("vectors")) checkpoint.vectors[name] = at::empty({count}, at::kFloat);
  return checkpoint;
}

Checkpoint read_folder(const fs::path& folder, const AcceptManifest& accept) {
  const auto manifest = read_manifest(folder);
  try {
    if (accept) accept(manifest);
    auto checkpoint = without_vectors(manifest);
    for (const auto& slice : manifest.at("slices")) read_slice(folder, slice, checkpoint.vectors);
    return checkpoint;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", (folder / kManifest).string(), error.what()));
  } catch (const DataError& error) {
    const std::string message = error.what();
    throw DataError(message.starts_with(folder.string()) ? message : fmt::format("{}: {}", folder.string(), message));
  }
}

// Collective.  A text of rank 0, on every rank.
std::string share(std::string text, Communicator& group) {
  auto size = at::full({1}, static_cast<std::int64_t>(text.size()), at::kLong);
  group.broadcast(size, 0);
  text.resize(static_cast<std::size_t>(size.item<std::int64_t>()));
  auto bytes = at::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, at::kByte);
  group.broadcast(bytes, 0);
  return text;
}

}  // namespace

NamedTensors Checkpoint::named(const std::string& vector) const {
  NamedTensors parameters;
  std::int64_t offset = 0;
  for (const auto& entry : layout) {
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    const auto count = c10::multiply_integers(shape);
    parameters.emplace_back(entry.at("name"), vectors.at(vector).narrow(0, offset, count).view(shape));
    offset += count;
  }
  return parameters;
}

std::string sealed(nlohmann::json manifest) {
  manifest.erase("digest");
  manifest["digest"] = digest(manifest.dump());
  return manifest.dump(2) + "\n";
}

nlohmann::json read_manifest(const fs::path& folder) {
  const auto path = folder / kManifest;
  const auto manifest = read_json(path);
  try {
    if (manifest.at("format") != "warmstart-checkpoint")
      throw DataError(fmt::format("{}: is not the manifest of a checkpoint", path.string()));
    if (const int version = manifest.at("version"); version != kCheckpointVersion) {
      throw DataError(fmt::format("{}: made by {} Warmstart (format version {}, this one reads {}); {}",
                                  folder.string(), version > kCheckpointVersion ? "a newer" : "an older", version,
                                  kCheckpointVersion,
                                  version > kCheckpointVersion ? "update Warmstart" : "train again"));
    }
    if (sealed(manifest) != read_file(path))
      throw DataError(fmt::format("{}: is damaged: its digest does not hold", path.string()));
    for (const auto& slice : manifest.at("slices")) {
      const auto file = folder / slice.at("file").get<std::string>();
      std::error_code error;
      const auto bytes = fs::file_size(file, error);
      if (error) throw DataError(fmt::format("{}: is missing", file.string()));
      if (bytes != slice.at("bytes"))
        throw DataError(fmt::format("{}: is truncated, or not the file that was written", file.string()));
    }
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
  return manifest;
}

bool is_checkpoint(const fs::path& path) { return fs::exists(path / kManifest); }

fs::path checkpoint_folder(const fs::path& run, std::int64_t step) { return run / fmt::format("step-{:08d}", step); }

std::vector<fs::path> checkpoints_of(const fs::path& run) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run, ignored)) {
    if (step_of(entry.path())) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) { return step_of(a) > step_of(b); });
  return folders;
}

Checkpoint read_checkpoint(const fs::path& path, const AcceptManifest& accept) {
  if (is_checkpoint(path)) return read_folder(path, accept);
  std::string last;
  for (const auto& folder : checkpoints_of(path)) {
    try {
      return read_folder(folder, accept);
    } catch (const DataError& error) {
      last = error.what();
      spdlog::warn("passed over a checkpoint: {}", last);
    }
  }
  if (!last.empty())
    throw DataError(fmt::format("{}: none of its checkpoints can be used; of the oldest: {}", path.string(), last));
  throw DataError(
      fmt::format("{}: holds no checkpoint; train one with: warmstart train --config FILE.ini", path.string()));
}

Checkpoint read_checkpoint_on_all(const fs::path& path, Communicator& group, const AcceptManifest& accept) {
  Checkpoint checkpoint;
  agree(group, [&] {
    if (group.rank() == 0) checkpoint = read_checkpoint(path, accept);
  });
  if (group.size() == 1) return checkpoint;
  nlohmann::json manifest;
  if (group.rank() == 0) {
    manifest = {{"step", checkpoint.step},
                {"description", checkpoint.description},
                {"state", checkpoint.state},
                {"layout", checkpoint.layout},
                {"vectors", nlohmann::json::array()},
                {"count", checkpoint.vectors.at("parameters").numel()},
                {"validation_error",
                 checkpoint.validation_error ? nlohmann::json(*checkpoint.validation_error) : nlohmann::json()}};
    for (const auto& [name, vector] : checkpoint.vectors) manifest["vectors"].push_back(name);
  }
  const auto shared = nlohmann::json::parse(share(manifest.dump(), group));
  if (group.rank() != 0) checkpoint = without_vectors(shared);
  for (auto& [name, vector] : checkpoint.vectors) group.broadcast(vector, 0);
  return checkpoint;
}

}  // namespace warmstart
