#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace warmstart {

struct IniEntry {
  std::string key, value;  // section.name
  std::size_t line;        // from 1
};

// The entries of an INI text, in its order: [section] lines and name = value lines.  A comment starts with # or ; at
// the start of a line, or with # after a space.  A byte-order mark and carriage returns are passed over.  Throws
// UsageError "<name>:<line>: ..." for any other line, for a key that stands twice and for bytes that are no text.
std::vector<IniEntry> parse_ini(std::string_view text, const std::string& name);

// Those of a file.  Throws UsageError when it cannot be read or is too long to be a configuration.
std::vector<IniEntry> read_ini(const std::filesystem::path& path);

// The named sections of a configuration as Options::resolved() writes it, in its order and form.
std::string section_of(const std::string& resolved, const std::vector<std::string>& sections);

}  // namespace warmstart
