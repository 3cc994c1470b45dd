#include "checkpoints/checkpoint_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "checkpoints/checkpoint_hold.h"
#include "cluster/agreement.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

std::int64_t slice_begin(std::int64_t count, int rank, int ranks) { return count * rank / ranks; }

std::string slice_name(int rank, int ranks) { return fmt::format("slice-{:05d}-of-{:05d}.h5", rank, ranks); }

void check_free_space(const fs::path& run, std::int64_t wanted_bytes) {
  std::error_code ignored;
  const auto space = fs::space(run, ignored);
  if (!ignored && space.available < static_cast<std::uintmax_t>(wanted_bytes)) {
    throw EnvironmentError(
        fmt::format("{}: {:.1f} MB are free, a checkpoint takes {:.1f} MB; free some space or choose another folder",
                    run.string(), static_cast<double>(space.available) / 1e6, static_cast<double>(wanted_bytes) / 1e6));
  }
}

// Of all ranks, as if each shard took as much as this rank's.
std::int64_t bytes_of_tables(const Checkpoint& checkpoint) {
  std::int64_t bytes = 0;
  for (const auto& table : checkpoint.tables) {
    for (const auto& [name, array] : table.arrays) bytes += static_cast<std::int64_t>(array.nbytes());
    for (const auto& name : table.names) bytes += std::ssize(name) + 8;
  }
  return checkpoint.tables.empty() ? 0 : kVirtualShards * (bytes / checkpoint.shards.count + (64 << 10));
}

// Damaged or replayed: out of the way under a name of its own, never deleted.
void set_aside(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  auto aside = fs::path(folder.string() + ".old");
  for (int i = 2; fs::exists(aside); ++i) aside = folder.string() + fmt::format(".old{}", i);
  fs::rename(folder, aside);
  spdlog::warn("{}: is there already; set aside as {}", folder.string(), aside.filename().string());
}

struct KnownCheckpoint {
  fs::path folder;
  std::int64_t step;
  double error;
  std::optional<std::int64_t> base;
};

// The newest first; damaged ones are left out: what is left of them may still be wanted.
std::vector<KnownCheckpoint> known_checkpoints(const fs::path& run, bool higher_is_better) {
  const double sign = higher_is_better ? -1.0 : 1.0;
  std::vector<KnownCheckpoint> known;
  for (const auto& folder : checkpoints_of(run)) {
    try {
      const auto manifest = read_manifest(folder);
      const auto& error = manifest.validation_error;
      known.push_back({folder, manifest.step, error ? sign * *error : std::numeric_limits<double>::infinity(),
                       manifest.base ? std::optional(manifest.base->step) : std::nullopt});
    } catch (const DataError&) {
      continue;
    }
  }
  return known;
}

// The steps of those that stay, and of what they rest on.
std::set<std::int64_t> kept_steps(const std::vector<KnownCheckpoint>& known, const Retention& retention,
                                  std::int64_t newest_step) {
  const auto best =
      std::min_element(known.begin(), known.end(), [](const auto& a, const auto& b) { return a.error < b.error; });
  std::set<std::int64_t> kept;
  for (auto one = known.begin(); one != known.end(); ++one) {
    const bool stays = one - known.begin() < retention.last || one->step == newest_step || one == best ||
                       (retention.every > 0 && one->step % retention.every == 0);
    if (!stays) continue;
    kept.insert(one->step);
    if (one->base) kept.insert(*one->base);
  }
  return kept;
}

void remove_superseded(const fs::path& run, const Retention& retention, std::int64_t newest_step) {
  const auto known = known_checkpoints(run, retention.higher_is_better);
  const auto kept = kept_steps(known, retention, newest_step);
  for (const auto& one : known)
    if (!kept.contains(one.step)) remove_unless_held(one.folder);
}

}  // namespace

CheckpointWriter::CheckpointWriter(fs::path run, Retention retention, Communicator& group)
    : run_(std::move(run)), retention_(retention), group_(group) {
  require(retention.last >= 1, "train.keep-last must be at least 1");
}

CheckpointWriter::~CheckpointWriter() {
  if (task_.valid()) task_.wait();
}

void CheckpointWriter::begin(const Checkpoint& checkpoint) {
  stopwatch_.restart();
  step_ = checkpoint.step;
  manifest_ = manifest_of(checkpoint);
  const auto count = manifest_.count;
  const auto first = slice_begin(count, group_.rank(), group_.size());
  shards_ = checkpoint.shards;
  // The tables' rows are copies already.
  Slice slice{first, slice_begin(count, group_.rank() + 1, group_.size()) - first, {}, checkpoint.tables, shards_};
  for (const auto& [name, vector] : checkpoint.vectors)
    slice.vectors[name] = vector.detach().narrow(0, slice.first, slice.count).clone();
  const auto target = checkpoint_folder(run_, step_);
  stage_ = Stage::kSlices;
  try {
    agree(group_, [&] {
      if (group_.rank() != 0) return;
      set_aside(target);
      pending_.emplace(target);
    });
  } catch (const AgreedError& failed) {
    // Told by poll(), as every other failure.
    task_ = std::async(std::launch::deferred, [failed] { throw failed; });
    return;
  }
  // With room for what HDF5 and the manifest add.
  const auto total_bytes = static_cast<std::int64_t>(manifest_.vectors.size()) * count * 4 +
                           std::int64_t{64 << 10} * group_.size() + bytes_of_tables(checkpoint);
  task_ = std::async(std::launch::async, [this, folder = fs::path(target.string() + ".tmp"), slice = std::move(slice),
                                          total_bytes] { write_slice(folder, slice, total_bytes); });
}

void CheckpointWriter::write_slice(const fs::path& folder, const Slice& slice, std::int64_t total_bytes) {
  check_free_space(run_, total_bytes);
  Hdf5Writer file(folder / slice_name(group_.rank(), group_.size()));
  for (const auto& [name, vector] : slice.vectors) {
    const auto count = static_cast<std::size_t>(slice.count);
    file.borrowed_array(name, std::span<const float>(vector.const_data_ptr<float>(), count), {count});
  }
  digest_ = file.close();
  table_digests_ = write_table_files(folder, slice.tables, slice.shards);
}

std::optional<WrittenCheckpoint> CheckpointWriter::poll() {
  if (idle()) return std::nullopt;
  const bool ready = !task_.valid() || task_.wait_for(std::chrono::seconds(0)) != std::future_status::timeout;
  auto waiting = at::full({1}, ready ? 0 : 1, at::kLong);
  group_.sum(waiting);
  if (waiting.item<std::int64_t>() > 0) return std::nullopt;
  return advance();
}

std::optional<WrittenCheckpoint> CheckpointWriter::wait() {
  std::optional<WrittenCheckpoint> written;
  while (!idle() && !written) written = advance();
  return written;
}

std::optional<WrittenCheckpoint> CheckpointWriter::advance() {
  try {
    agree(group_, [&] {
      if (task_.valid()) task_.get();
    });
  } catch (const AgreedError& error) {
    return end(error.what());
  }
  if (stage_ == Stage::kCommit) return end("");
  begin_commit();
  return std::nullopt;
}

void CheckpointWriter::begin_commit() {
  const auto own = at::from_blob(digest_.data(), {32}, at::kByte).clone();
  const auto digests = group_.gather_slices(own);
  gather_table_digests();
  stage_ = Stage::kCommit;
  if (group_.rank() != 0) return;
  const auto* bytes = reinterpret_cast<const char*>(digests.const_data_ptr<std::uint8_t>());
  for (int rank = 0; rank < group_.size(); ++rank) {
    const auto first = slice_begin(manifest_.count, rank, group_.size());
    manifest_.slices.push_back({slice_name(rank, group_.size()), std::string(bytes + std::ptrdiff_t{32} * rank, 32),
                                first, slice_begin(manifest_.count, rank + 1, group_.size()) - first, 0});
  }
  task_ = std::async(std::launch::async, [this] { commit(std::move(manifest_)); });
}

// Collective where there are tables.
void CheckpointWriter::gather_table_digests() {
  if (manifest_.tables.empty()) return;
  auto digests = at::zeros({kVirtualShards, 32}, at::kByte);
  for (std::int64_t shard = 0; shard < shards_.count; ++shard) {
    const auto& text = table_digests_[static_cast<std::size_t>(shard)];
    std::copy(text.begin(), text.end(), digests[shards_.first + shard].mutable_data_ptr<std::uint8_t>());
  }
  group_.sum(digests);
  for (std::int64_t shard = 0; shard < kVirtualShards; ++shard) {
    const auto* bytes = reinterpret_cast<const char*>(digests[shard].const_data_ptr<std::uint8_t>());
    manifest_.table_files.push_back({table_file_name(shard), std::string(bytes, 32), 0});
  }
}

void CheckpointWriter::commit(Manifest manifest) {
  for (auto& slice : manifest.slices)
    slice.bytes = static_cast<std::int64_t>(fs::file_size(pending_->path() / slice.file));
  for (auto& file : manifest.table_files)
    file.bytes = static_cast<std::int64_t>(fs::file_size(pending_->path() / file.file));
  if (manifest.base)
    manifest.base->digest = digest(read_file(checkpoint_folder(run_, manifest.base->step) / kManifest));
  manifest.write_seconds = stopwatch_.seconds();
  write_file(pending_->path() / kManifest, sealed(to_json(manifest)));
  pending_->commit();
  try {
    remove_superseded(run_, retention_, step_);
  } catch (const std::exception& error) {
    spdlog::warn("old checkpoints could not be removed: {}", error.what());
  }
}

WrittenCheckpoint CheckpointWriter::end(const std::string& failure) {
  pending_.reset();  // of a failed one, nothing stays
  stage_ = Stage::kIdle;
  return {step_, stopwatch_.seconds(), failure};
}

void write_checkpoint(const fs::path& run, const Checkpoint& checkpoint, Communicator& group) {
  CheckpointWriter writer(run, {.last = std::numeric_limits<std::int64_t>::max()}, group);
  writer.begin(checkpoint);
  const auto written = writer.wait();
  if (!written->failure.empty()) throw AgreedError(ExitCode::kEnvironment, written->failure);
}

}  // namespace warmstart
