#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/option_value.h"

namespace warmstart {

// One option: `section.name`, its value as text, and how to read a text into it.
struct Option {
  std::string key;
  std::string value;  // the default, then what was set
  std::string help;
  std::function<void(const std::string&, const Range&)> assign;  // throws std::invalid_argument saying what was wanted
  Range range;                                                   // of a number, or of each number of a list
  bool flag = false;        // true or false: on the command line, --name alone means true
  bool neutral = false;     // does not change what a run learns: it may differ when the run goes on
  std::string set_by = {};  // where it was set: "--steps 5", "a.ini:7"; empty where it was not
};

// What is said of an option beside its key and help, one call each.
template <typename T>
class Declaration {
 public:
  explicit Declaration(Option& option) : option_(option) {}
  Declaration& from(double least) { return option_.range.least = least, *this; }
  Declaration& to(double most) { return option_.range.most = most, *this; }
  Declaration& above(double bound) { return option_.range.above = true, from(bound); }
  Declaration& below(double bound) { return option_.range.below = true, to(bound); }
  Declaration& items(std::size_t most) { return option_.range.most_items = most, *this; }
  Declaration& unit(const char* unit) { return option_.range.unit = unit, *this; }
  Declaration& neutral() { return option_.neutral = true, *this; }

 private:
  Option& option_;
};

// What a command takes on its command line beside options with sections.
struct CommandLineRules {
  std::string own_section;         // its options need no prefix: `train --steps 5`
  bool takes_words = false;        // words that belong to no option
  std::vector<std::string> flags;  // of json, verify and set-grid
};

// The list of all options.  Keys are the same on the command line (--section.name VALUE),
// in an INI file ([section] name = VALUE) and in --set section.name=VALUE.
class Options {
 public:
  // Adds an option over `value`, which holds the default and outlives this list.
  template <typename T>
  Declaration<T> add(const std::string& key, T& value, const std::string& help) {
    const auto assign = [&value](const std::string& text, const Range& range) { read(text, range, value); };
    list_.push_back({key, to_text(value), help + names_of<T>(), assign, range_of<T>(), std::is_same_v<T, bool>});
    return Declaration<T>(list_.back());
  }

  struct CommandLine {
    std::vector<std::string> positional;  // what follows a bare -- is, too
    std::vector<std::string> grid;        // of --set-grid
    bool help = false, json = false, verify = false;
  };

  // Reads the command line, then --set, then the INI file of --config; of these the first that names a key counts.
  // Throws UsageError for what nobody knows, naming the nearest key, for what is given twice in one of them, naming
  // both places, and for bad values.
  CommandLine parse(const std::vector<std::string>& arguments, const CommandLineRules& rules);

  // As an INI file that parse() reads back.
  std::string resolved() const;

  std::string help(const std::vector<std::string>& sections) const;

  const std::deque<Option>& list() const { return list_; }

 private:
  struct Assignment {
    std::string key, value, place;
  };
  struct Words {
    CommandLine line;
    std::vector<Assignment> options, sets;
    std::string config;
  };

  Option* find(const std::string& key);
  Option& find_or_explain(const std::string& key, const std::string& where, const std::string& own_section);
  Words read_words(const std::vector<std::string>& arguments, const CommandLineRules& rules);
  void set_all(const std::vector<Assignment>& assignments, const std::string& own_section);

  std::deque<Option> list_;  // whose elements stay where they are while it grows
};

}  // namespace warmstart
