#include "checkpoints/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <sstream>

#include "base/digest.h"
#include "base/errors.h"
#include "base/hdf5.h"
#include "base/json.h"
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

void read_slice(const fs::path& folder, const Manifest::Slice& slice, std::map<std::string, at::Tensor>& vectors) {
  const auto path = folder / slice.file;
  if (digest_file(path) != slice.digest)
    throw DataError(fmt::format("{}: is damaged: its digest is not the one in {}", path.string(), kManifest));
  const Hdf5Mapping file(path);
  for (auto& [name, vector] : vectors) {
    const auto values = file.array<float>(name);
    if (static_cast<std::int64_t>(values.size()) != slice.count)
      throw DataError(fmt::format("{}: '{}' has another length than in {}", path.string(), name, kManifest));
    std::copy(values.begin(), values.end(), vector.mutable_data_ptr<float>() + slice.first);
  }
}

Checkpoint without_values(const Manifest& manifest) {
  Checkpoint checkpoint{
      manifest.step, manifest.description, manifest.state, manifest.validation_error, manifest.layout, {}};
  for (const auto& name : manifest.vectors) checkpoint.vectors[name] = at::empty({manifest.count}, at::kFloat);
  return checkpoint;
}

void check_finite(const Checkpoint& checkpoint) {
  for (const auto* name : {kParameters, kBestParameters}) {
    const auto found = checkpoint.vectors.find(name);
    if (found != checkpoint.vectors.end() && !found->second.isfinite().all().item<bool>())
      throw DataError(fmt::format("'{}' holds numbers that are not finite", name));
  }
}

// What becomes of a checkpoint's tables when all else of it is read.
using TakeTables = std::function<void(Checkpoint& checkpoint, const fs::path& folder, const Manifest& manifest)>;

// The rows in `shards` are read.
TakeTables reading(ShardRange shards, const fs::path& spill) {
  return [=](Checkpoint& checkpoint, const fs::path& folder, const Manifest& manifest) {
    const auto files = held_files(folder, manifest);
    checkpoint.shards = shards;
    checkpoint.tables = read_table_files(folder, manifest, shards, spill);
  };
}

// They are read, shown, and forgotten.
TakeTables checking(ShardRange shards, const SeeShard& see) {
  return [=](Checkpoint& checkpoint, const fs::path& folder, const Manifest& manifest) {
    checkpoint.files = held_files(folder, manifest);
    for (auto shard = shards.first; shard < shards.end(); ++shard) {
      checkpoint.shards = {shard, 1};
      checkpoint.tables = read_table_files(folder, manifest, checkpoint.shards);
      if (see) see(checkpoint);
    }
    checkpoint.shards = {};
    checkpoint.tables.clear();
  };
}

Checkpoint read_folder(const fs::path& folder, const AcceptManifest& accept, const TakeTables& take_tables) {
  const auto manifest = read_manifest(folder);
  try {
    if (accept) accept(manifest);
    auto checkpoint = without_values(manifest);
    for (const auto& slice : manifest.slices) read_slice(folder, slice, checkpoint.vectors);
    check_finite(checkpoint);
    take_tables(checkpoint, folder, manifest);
    return checkpoint;
  } catch (const DataError& error) {
    const std::string message = error.what();
    throw DataError(message.starts_with(folder.string()) ? message : fmt::format("{}: {}", folder.string(), message));
  }
}

// As if one slice held it all.
Manifest whole(const Checkpoint& checkpoint) {
  auto manifest = manifest_of(checkpoint);
  manifest.slices = {{"memory", "", 0, manifest.count, 0}};
  manifest.tables.clear();  // every rank reads its own
  return manifest;
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

// The checkpoints that may be read, the one to prefer first.
std::vector<fs::path> candidates(const fs::path& path) {
  return is_checkpoint(path) ? std::vector{path} : checkpoints_of(path);
}

// What `read` makes of the first that it does not find damaged.
Checkpoint first_good(const fs::path& path, const std::vector<fs::path>& folders,
                      const std::function<Checkpoint(const fs::path&)>& read, bool tells = true) {
  std::string last;
  for (const auto& folder : folders) {
    try {
      return read(folder);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kData || folder == path) throw;
      last = error.what();
      if (tells) spdlog::warn("passed over a checkpoint: {}", last);
    }
  }
  if (!last.empty())
    throw DataError(fmt::format("{}: none of its checkpoints can be used; of the oldest: {}", path.string(), last));
  throw DataError(
      fmt::format("{}: holds no checkpoint; train one with: warmstart train --config FILE.ini", path.string()));
}

// Collective.  Rank 0 reads all but the tables, of which each rank has its own shards.
Checkpoint read_folder_on_all(const fs::path& folder, Communicator& group, const AcceptManifest& accept,
                              const TakeTables& take_tables) {
  Checkpoint checkpoint;
  agree(group, [&] {
    if (group.rank() == 0) checkpoint = read_folder(folder, accept, take_tables);
  });
  if (group.size() == 1) return checkpoint;
  const auto text = share(group.rank() == 0 ? to_json(whole(checkpoint)).dump() : "", group);
  agree(group, [&] {
    if (group.rank() == 0) return;
    checkpoint = without_values(manifest_from_json(parse_json(text, "the checkpoint of rank 0")));
    take_tables(checkpoint, folder, read_manifest(folder));
  });
  for (auto& [name, vector] : checkpoint.vectors) group.broadcast(vector, 0);
  return checkpoint;
}

// Collective.  Those that rank 0 sees.
std::vector<fs::path> candidates_on_all(const fs::path& path, Communicator& group) {
  std::string folders;
  agree(group, [&] {
    if (group.rank() == 0)
      for (const auto& folder : candidates(path)) folders += folder.string() + "\n";
  });
  std::vector<fs::path> shared;
  std::istringstream lines(share(folders, group));
  for (std::string line; std::getline(lines, line);) shared.emplace_back(line);
  return shared;
}

// Whether there is a newer one than before: a run that trains may have removed all others meanwhile.
bool is_newer(const std::vector<fs::path>& now, const std::vector<fs::path>& before) {
  return !now.empty() && (before.empty() || step_of(now.front()) > step_of(before.front()));
}

// Collective.
Checkpoint read_on_all(const fs::path& path, Communicator& group, const AcceptManifest& accept,
                       const TakeTables& take_tables) {
  const auto read = [&](const auto& folder) { return read_folder_on_all(folder, group, accept, take_tables); };
  for (auto folders = candidates_on_all(path, group);;) {
    try {
      return first_good(path, folders, read, group.rank() == 0);
    } catch (const DataError& error) {  // of which all ranks know
      auto now = candidates_on_all(path, group);
      if (!is_newer(now, folders)) throw AgreedError(ExitCode::kData, error.what());
      folders = std::move(now);
    }
  }
}

}  // namespace

NamedTensors Checkpoint::named(const std::string& vector) const {
  NamedTensors parameters;
  std::int64_t offset = 0;
  for (const auto& [name, shape] : layout) {
    const auto count = c10::multiply_integers(shape);
    parameters.emplace_back(name, vectors.at(vector).narrow(0, offset, count).view(shape));
    offset += count;
  }
  return parameters;
}

Manifest manifest_of(const Checkpoint& checkpoint) {
  Manifest manifest{checkpoint.step,
                    checkpoint.description,
                    checkpoint.state,
                    checkpoint.validation_error,
                    checkpoint.layout,
                    {},
                    checkpoint.vectors.at(kParameters).numel(),
                    {}};
  manifest.tables = described(checkpoint.tables);
  if (checkpoint.base) manifest.base = {*checkpoint.base, ""};
  for (const auto& [name, vector] : checkpoint.vectors) manifest.vectors.push_back(name);
  return manifest;
}

bool is_checkpoint(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / kManifest, ignored);
}

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
  return first_good(path, candidates(path),
                    [&](const auto& folder) { return read_folder(folder, accept, reading({}, {})); });
}

Checkpoint read_checkpoint_on_all(const fs::path& path, Communicator& group, const AcceptManifest& accept,
                                  const fs::path& spill) {
  return read_on_all(path, group, accept, reading(shards_of(group.rank(), group.size()), spill));
}

Checkpoint read_checkpoint_without_rows(const fs::path& path, Communicator& group, const AcceptManifest& accept,
                                        const SeeShard& see) {
  return read_on_all(path, group, accept, checking(shards_of(group.rank(), group.size()), see));
}

Checkpoint read_shard(const TableFiles& files, std::int64_t shard) {
  Checkpoint checkpoint;
  checkpoint.shards = {shard, 1};
  checkpoint.tables = read_table_files(files.folder, files.manifest, checkpoint.shards);
  return checkpoint;
}

}  // namespace warmstart
