#pragma once

#include <functional>
#include <string>
#include <vector>

namespace warmstart {

// One option: `section.name`, its value as text, and how to read a text into it.
struct Option {
  std::string key;
  std::string value;  // the default, then what was set
  std::string help;
  std::function<void(const std::string&)> assign;  // throws std::invalid_argument saying what was wanted
  bool flag = false;                               // true or false: on the command line, --name alone means true
  bool set = false;
  bool neutral = false;  // does not change what a run learns
};

// The list of all options.  Keys are the same on the command line (--section.name VALUE),
// in an INI file ([section] name = VALUE) and in --set section.name=VALUE.
class Options {
 public:
  void add(Option option) { list_.push_back(std::move(option)); }
  void make_last_neutral() { list_.back().neutral = true; }

  // What a command line holds beside options with sections.
  struct CommandLine {
    std::vector<std::string> positional;  // what follows a bare -- is, too
    std::vector<std::string> grid;        // of --set-grid
    bool help = false, json = false, verify = false;
  };

  // Reads the command line, then --set, then the INI file of --config; what comes first counts.
  // An option of `own_section` needs no prefix on the command line: `train --steps 5`.
  // Throws UsageError for what nobody knows, naming the nearest key, and for bad values.
  CommandLine parse(const std::vector<std::string>& arguments, const std::string& own_section);

  // As an INI file that parse() reads back.
  std::string resolved() const;

  // Whether a run with another value of `key` ends with other parameters.
  bool changes_what_is_learned(const std::string& key) const;

  std::string help(const std::vector<std::string>& sections) const;

 private:
  Option* find(const std::string& key);
  Option& find_or_explain(const std::string& key, const std::string& where);
  void set(const std::string& key, const std::string& value, const std::string& where);
  void set_once(const std::string& key, const std::string& value);
  void read_ini(const std::string& path);

  std::vector<Option> list_;
};

}  // namespace warmstart
