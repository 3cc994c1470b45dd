#include "base/pending_folder.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";

}  // namespace

PendingFolder::PendingFolder(fs::path target) : target_(std::move(target)), pending_(path_for(target_)) {
  refuse_existing();
  const auto there = fs::symlink_status(pending_).type();
  if (there != fs::file_type::not_found && there != fs::file_type::directory)
    throw UsageError(fmt::format("{}: is in the way and no folder; remove it", pending_.string()));
  try {
    lock_.emplace(pending_ / kLock, target_.string() + ": is being made by", "wait for it, or choose another folder");
    refuse_existing();  // Its maker may have ended between the first look and our lock.
    empty();
  } catch (const fs::filesystem_error& error) {
    throw EnvironmentError(fmt::format("{}: cannot be emptied: {}", pending_.string(), error.code().message()));
  } catch (...) {
    remove_pending();
    throw;
  }
}

PendingFolder::~PendingFolder() {
  if (!lock_) return;
  try {
    if (lock_->held()) empty();
  } catch (const fs::filesystem_error&) {
    // What stays is removed by the next to make this folder.
  }
  remove_pending();
}

void PendingFolder::remove_pending() {
  lock_.reset();
  std::error_code ignored;
  fs::remove(pending_, ignored);  // It is not empty, and stays, where somebody else is making it.
}

void PendingFolder::refuse_existing() const {
  if (fs::exists(fs::symlink_status(target_)))
    throw UsageError(fmt::format("{}: exists already; remove it or choose another folder", target_.string()));
}

void PendingFolder::require_own() const {
  if (lock_->held()) return;
  throw EnvironmentError(
      fmt::format("{}: was removed, or taken over by another process while this one gave no sign of life; start again",
                  pending_.string()));
}

void PendingFolder::empty() const {
  for (const auto& entry : fs::directory_iterator(pending_)) {
    if (entry.path().filename() != kLock) fs::remove_all(entry.path());
  }
}

void PendingFolder::commit() {
  require_own();
  sync_tree(pending_);
  refuse_existing();
  require_own();
  if (std::rename(pending_.c_str(), target_.c_str()) != 0) throw_system_error("cannot be put in place", target_);
  lock_->moved_to(target_ / kLock);
  lock_.reset();
  sync(fs::absolute(target_).parent_path());
}

}  // namespace warmstart
