#include "base/ini_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kShownBytes = 80;  // of a line that is refused

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view without_comment(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('#') || line.starts_with(';')) return {};
  for (auto place = line.find('#'); place != std::string_view::npos; place = line.find('#', place + 1)) {
    if (line[place - 1] == ' ' || line[place - 1] == '\t') return trimmed(line.substr(0, place));
  }
  return line;
}

class IniParser {
 public:
  explicit IniParser(std::string name) : name_(std::move(name)) {}

  void add(std::string_view line) {
    ++line_;
    check_is_text(line);
    line = without_comment(line);
    if (line.empty()) return;
    if (line.starts_with('[') && line.ends_with(']')) {
      section_ = trimmed(line.substr(1, line.size() - 2));
      return;
    }
    add_entry(line);
  }
  std::vector<IniEntry> take() { return std::move(entries_); }

 private:
  void add_entry(std::string_view line) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0)
      refuse(fmt::format("'{}' is none of: [section], name = value, # comment", printable(line, kShownBytes)));
    const auto name = std::string(trimmed(line.substr(0, equals)));
    const auto key = section_.empty() ? name : section_ + "." + name;
    const auto [first, is_new] = line_of_key_.emplace(key, line_);
    if (!is_new)
      refuse(fmt::format("{} is given twice: here and in line {}", printable(key, kShownBytes), first->second));
    entries_.push_back({key, std::string(trimmed(line.substr(equals + 1))), line_});
  }

  void check_is_text(std::string_view line) const {
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 && c != '\t' && c != '\r')
        refuse(fmt::format("holds a byte 0x{:02x}, so it is no text; save it as UTF-8", byte));
    }
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    throw UsageError(fmt::format("{}:{}: {}", name_, line_, problem));
  }

  std::string name_, section_;
  std::size_t line_ = 0;
  std::map<std::string, std::size_t> line_of_key_;
  std::vector<IniEntry> entries_;
};

}  // namespace

std::vector<IniEntry> parse_ini(std::string_view text, const std::string& name) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  IniParser parser(name);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    parser.add(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.take();
}

std::vector<IniEntry> read_ini(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    throw UsageError(fmt::format("{}: no such configuration file, or it cannot be read", path.string()));
  // A pipe is as good as a file; neither is read further than a configuration may be long.
  std::string text;
  char piece[4096];
  while (text.size() <= kMostBytes && (file.read(piece, sizeof piece) || file.gcount() > 0))
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  require(text.size() <= kMostBytes,
          fmt::format("{}: is longer than {} bytes, so it is no configuration file", path.string(), kMostBytes));
  return parse_ini(text, path.string());
}

std::string section_of(const std::string& resolved, const std::vector<std::string>& sections) {
  std::string text;
  bool wanted = false;
  std::istringstream lines(resolved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) {
      wanted = std::find(sections.begin(), sections.end(), line.substr(1, line.find(']') - 1)) != sections.end();
      if (wanted && !text.empty()) text += '\n';
    }
    if (wanted && !line.empty()) text += line + '\n';
  }
  return text;
}

}  // namespace warmstart
