#include "data/file_parts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "base/regular_file.h"

namespace warmstart {
namespace {

// Byte `from` of all files, one behind the other, and the one where the share ends; files that are not cut belong to
// the share with their first byte.
std::vector<FilePart> parts_between(const std::vector<std::string>& files, OwnShare share,
                                    const std::set<std::string>& uncut) {
  std::vector<FilePart> parts;
  std::int64_t first = 0;
  for (const auto& file : files) {
    const auto bytes = static_cast<std::int64_t>(RegularFile(file).bytes());
    const auto begin = std::max<std::int64_t>(share.begin - first, 0), end = std::min(share.end - first, bytes);
    // Of an empty file, too, which reading then complains of.
    const bool is_whole = begin == 0 && end == bytes;
    const bool has_start = share.begin <= first && first < share.end;
    if (is_whole || (has_start && uncut.contains(file))) {
      parts.push_back({file});
    } else if (begin < end && !uncut.contains(file)) {
      parts.push_back({file, begin, end});
    }
    first += bytes;
  }
  return parts;
}

std::int64_t bytes_of(const std::vector<std::string>& files) {
  std::int64_t bytes = 0;
  for (const auto& file : files) bytes += static_cast<std::int64_t>(RegularFile(file).bytes());
  return bytes;
}

// Files of which a part's last row does not end where the next part's first one starts.
std::set<std::string> torn_files(const std::vector<nlohmann::json>& spans_of_ranks) {
  std::set<std::string> torn;
  std::string file;
  std::int64_t end = 0;
  for (const auto& spans : spans_of_ranks) {
    for (const auto& span : spans) {
      if (span[0] == file && span[1] != end) torn.insert(file);
      file = span[0];
      end = span[2];
    }
  }
  return torn;
}

}  // namespace

std::vector<FilePart> own_parts(const TableOptions& table, IngestRanks& ranks) {
  std::vector<std::string> files;
  std::vector<FilePart> parts;
  OwnShare share{};
  auto spans = nlohmann::json::array();
  ranks.agree([&] {
    files = expand_files(table.files);
    share = share_of(bytes_of(files), ranks.rank(), ranks.size());
    parts = parts_between(files, share, {});
    for (const auto& part : parts) {
      if (const auto rows = rows_of_part(table, part)) spans.push_back({part.file, rows->start, rows->end});
    }
  });
  const auto torn = torn_files(ranks.gather(spans));
  for (const auto& file : torn) {
    spdlog::warn(
        "{}: has line breaks in quotes, where it cannot be cut: one rank reads all of it; cut it in several "
        "files, or write it as Parquet",
        file);
  }
  ranks.agree([&] { parts = parts_between(files, share, torn); });
  return parts;
}

std::vector<FilePart> own_files(const TableOptions& table, IngestRanks& ranks) {
  std::vector<FilePart> parts;
  ranks.agree([&] {
    const auto files = expand_files(table.files);
    const auto share = share_of(bytes_of(files), ranks.rank(), ranks.size());
    parts = parts_between(files, share, {files.begin(), files.end()});
  });
  return parts;
}

}  // namespace warmstart
