#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/option_value.h"

namespace warmstart {

// An option belongs to a choice: it matters where `key`, or an item of it if that is a list, is one of `values`.
struct Choice {
  std::string key;
  std::vector<std::string> values;
};

// One option: `section.name`, its value as text, and how to read a text into it.
struct Option {
  std::string key;
  std::string value;  // the default, then what was set
  std::string help;
  std::function<void(const std::string&, const Range&)> assign;  // throws std::invalid_argument saying what was wanted
  std::function<std::string()> current;                          // the value that it has, written in the one way
  Range range;                                                   // of a number, or of each number of a list
  bool flag = false;         // true or false: on the command line, --name alone means true
  bool neutral = false;      // does not change what a run learns: it may differ when the run goes on
  std::string set_by = {};   // where it was set: "--steps 5", "a.ini:7"; empty where it was not
  std::string initial = {};  // the default, as `current` writes it
  std::vector<Choice> only_with = {};
  std::optional<std::string> formerly = {};  // as what a configuration without it counts, where not as the default
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
  // What a program did that had no such option yet, where that is not the default.
  Declaration& formerly(const std::string& value) { return option_.formerly = value, *this; }
  // Where the choice is another one, parse() refuses a value that is not the default.
  Declaration& only_with(const std::string& key, const std::vector<std::string>& values) {
    return option_.only_with.push_back({key, values}), *this;
  }

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
    const auto current = [&value] { return to_text(value); };
    list_.push_back({.key = key,
                     .value = current(),
                     .help = help + names_of<T>(),
                     .assign = assign,
                     .current = current,
                     .range = range_of<T>(),
                     .flag = std::is_same_v<T, bool>,
                     .initial = current()});
    return Declaration<T>(list_.back());
  }

  // An option has another name now: parse() refuses the old one, naming the new.
  void renamed(const std::string& old_key, const std::string& new_key) { new_names_[old_key] = new_key; }

  struct CommandLine {
    std::vector<std::string> positional;  // what follows a bare -- is, too
    std::vector<std::string> grid;        // of --set-grid
    bool help = false, json = false, verify = false;
  };

  // Reads the command line, then --set, then the INI file of --config; of these the first that names a key counts.
  // Throws UsageError for what nobody knows, naming the nearest key, for what is given twice in one of them, naming
  // both places, for bad values, and for options that belong to another choice than the one that was made.
  CommandLine parse(const std::vector<std::string>& arguments, const CommandLineRules& rules);

  // As an INI file that parse() reads back, section by section.
  std::string resolved() const;

  std::string help(const std::vector<std::string>& sections) const;

  const std::deque<Option>& list() const { return list_; }

  // Whether the choices that an option belongs to are made by values of other options, as text by key; one that is
  // missing is.
  static bool applies(const Option& option, const std::map<std::string, std::string>& values);

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
  void refuse_renamed(const std::string& key, const std::string& where) const;
  void check_choices();
  Words read_words(const std::vector<std::string>& arguments, const CommandLineRules& rules);
  void set_all(const std::vector<Assignment>& assignments, const std::string& own_section);

  std::deque<Option> list_;                       // whose elements stay where they are while it grows
  std::map<std::string, std::string> new_names_;  // by the old ones
};

}  // namespace warmstart
