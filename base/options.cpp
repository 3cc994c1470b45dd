#include "base/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <map>
#include <numeric>

#include "base/errors.h"
#include "base/ini_file.h"
#include "base/text.h"

namespace warmstart {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kLongestKey = 80, kShownValue = 200;  // bytes

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row.back();
}

// Whether `made`, or one of its items, is one that the choice wants.
bool is_among(const Choice& choice, const std::string& made) {
  const auto items = items_of(made);
  return std::find_first_of(items.begin(), items.end(), choice.values.begin(), choice.values.end()) != items.end();
}

std::string section_name(const std::string& key) { return key.substr(0, key.find('.')); }
std::string name_in_section(const std::string& key) { return key.substr(key.find('.') + 1); }

// How far one name is from another, in letters; a name that was left off behind a hyphen counts as two.
std::size_t distance_of_names(const std::string& name, const std::string& wanted) {
  const auto letters = edit_distance(name, wanted);
  return wanted.starts_with(name + "-") ? std::min<std::size_t>(letters, 2) : letters;
}

bool is_assignment(const std::string& word) {
  const auto dot = word.find('.'), equals = word.find('=');
  return dot != std::string::npos && equals != std::string::npos && dot < equals;
}

void check_words(const std::vector<std::string>& words, const CommandLineRules& rules) {
  if (words.empty() || rules.takes_words) return;
  const auto& word = words[0];
  throw UsageError(fmt::format("command line: '{}' belongs to no option{}", printable(word, kShownValue),
                               is_assignment(word) ? "; did you forget --set before it?" : ""));
}

void check_flag(const std::string& flag, const CommandLineRules& rules) {
  const bool known = std::find(rules.flags.begin(), rules.flags.end(), flag) != rules.flags.end();
  require(known, fmt::format("command line: this command takes no --{}", flag));
}

// What could not be read back from an INI file, or would reach the files and scripts that a run writes.
void check_one_line(const std::string& value) {
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      throw std::invalid_argument("holds a line break or another control character");
  }
  if (value.starts_with('#') || value.find(" #") != std::string::npos)
    throw std::invalid_argument("holds ' #', which starts a comment in an INI file");
}

}  // namespace

Option* Options::find(const std::string& key) {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const auto& option) { return option.key == key; });
  return found == list_.end() ? nullptr : &*found;
}

Option& Options::find_or_explain(const std::string& key, const std::string& where, const std::string& own_section) {
  if (auto* option = find(key)) return *option;
  refuse_renamed(key, where);
  refuse_renamed(own_section + "." + key, where);
  const auto shown = printable(key, kLongestKey);
  if (key.size() > kLongestKey) throw UsageError(fmt::format("{}: unknown option '{}'", where, shown));
  // Sections are forgiven cheaply: a right name in a wrong section is a likely slip.  Of equals the command's own wins.
  std::vector<std::pair<std::size_t, bool>> distances;
  for (const auto& option : list_) {
    const auto letters = std::min(distance_of_names(key, option.key),
                                  1 + distance_of_names(name_in_section(key), name_in_section(option.key)));
    distances.emplace_back(letters, section_name(option.key) != own_section);
  }
  const auto nearest = list_.begin() + (std::min_element(distances.begin(), distances.end()) - distances.begin());
  throw UsageError(fmt::format("{}: unknown option '{}'; did you mean '{}'?", where, shown, nearest->key));
}

void Options::refuse_renamed(const std::string& key, const std::string& where) const {
  const auto found = new_names_.find(key);
  if (found == new_names_.end()) return;
  throw UsageError(fmt::format("{}: {} is called {} now", printable(where, kShownValue), key, found->second));
}

bool Options::applies(const Option& option, const std::map<std::string, std::string>& values) {
  return std::all_of(option.only_with.begin(), option.only_with.end(), [&](const auto& choice) {
    const auto made = values.find(choice.key);
    return made == values.end() || is_among(choice, made->second);
  });
}

// A saved configuration lists every option, so one that is at its default is none that somebody asked for.
void Options::check_choices() {
  for (const auto& option : list_) {
    if (option.set_by.empty() || option.current() == option.initial) continue;
    for (const auto& [key, values] : option.only_with) {
      const auto* choice = find(key);
      if (!choice) throw std::logic_error(fmt::format("{} belongs to {}, which is no option", option.key, key));
      if (is_among({key, values}, choice->current())) continue;
      throw UsageError(fmt::format("{}: {} belongs to {} = {}; it is '{}' here", printable(option.set_by, kShownValue),
                                   option.key, key, fmt::join(values, " or "), choice->current()));
    }
  }
}

// Of one source.  What an earlier source has set stays.
void Options::set_all(const std::vector<Assignment>& assignments, const std::string& own_section) {
  std::map<std::string, std::string> place_of_key;
  for (const auto& [key, value, place] : assignments) {
    auto& option = find_or_explain(key, place, own_section);
    const auto [first, is_new] = place_of_key.emplace(key, place);
    require(is_new, fmt::format("{} is given twice, by '{}' and '{}'; lists are separated by commas", key,
                                printable(first->second, kShownValue), printable(place, kShownValue)));
    if (!option.set_by.empty()) continue;
    try {
      check_one_line(value);
      option.assign(value, option.range);
    } catch (const std::invalid_argument& error) {
      throw UsageError(fmt::format("{}: {} = '{}': {}", printable(place, kShownValue), key,
                                   printable(value, kShownValue), error.what()));
    }
    option.value = value;
    option.set_by = place;
  }
}

Options::Words Options::read_words(const std::vector<std::string>& arguments, const CommandLineRules& rules) {
  po::options_description all;
  const auto texts = [] { return po::value<std::vector<std::string>>(); };
  all.add_options()("help,h", "")("json", "")("verify", "")("config", po::value<std::string>(), "")("set", texts(), "")(
      "set-grid", texts(), "")("positional", texts(), "");
  for (const auto& option : list_) {
    const auto value = [&] {
      return option.flag ? po::value<std::string>()->implicit_value("true") : po::value<std::string>();
    };
    all.add_options()(option.key.c_str(), value(), "");
    if (section_name(option.key) == rules.own_section)
      all.add_options()(name_in_section(option.key).c_str(), value(), "");
  }
  po::positional_options_description positional;
  positional.add("positional", -1);
  const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  Words words;
  auto& line = words.line;
  for (const auto& option :
       po::command_line_parser(arguments).options(all).positional(positional).style(style).run().options) {
    const auto& key = option.string_key;
    const std::string value = option.value.empty() ? "true" : option.value[0];
    if (key == "help") {
      line.help = true;
    } else if (key == "json" || key == "verify") {
      check_flag(key, rules);
      (key == "json" ? line.json : line.verify) = true;
    } else if (key == "config") {
      require(words.config.empty(), "command line: --config is given twice; one INI file holds all options");
      require(!value.empty(), "command line: --config names no file");
      words.config = value;
    } else if (key == "set") {
      const auto equals = value.find('=');
      require(equals != std::string::npos,
              fmt::format("--set '{}' is not of the form section.name=value", printable(value, kShownValue)));
      words.sets.push_back({value.substr(0, equals), value.substr(equals + 1), "--set " + value});
    } else if (key == "set-grid") {
      check_flag(key, rules);
      line.grid.push_back(value);
    } else if (key == "positional") {
      line.positional.insert(line.positional.end(), option.value.begin(), option.value.end());
    } else {
      words.options.push_back({find(key) ? key : rules.own_section + "." + key, value, "--" + key + " " + value});
    }
  }
  return words;
}

Options::CommandLine Options::parse(const std::vector<std::string>& arguments, const CommandLineRules& rules) {
  Words words;
  try {
    words = read_words(arguments, rules);
  } catch (const po::unknown_option& error) {
    auto name = error.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    name.erase(std::min(name.find('='), name.size()));
    find_or_explain(name, "command line", rules.own_section);
    throw UsageError(fmt::format("command line: {}", printable(error.what(), kShownValue)));
  } catch (const po::error& error) {
    throw UsageError(fmt::format("command line: {}", printable(error.what(), kShownValue)));
  }
  check_words(words.line.positional, rules);
  set_all(words.options, rules.own_section);
  set_all(words.sets, rules.own_section);
  if (!words.config.empty()) {
    std::vector<Assignment> entries;
    for (const auto& entry : read_ini(words.config))
      entries.push_back({entry.key, entry.value, fmt::format("{}:{}", words.config, entry.line)});
    set_all(entries, rules.own_section);
  }
  check_choices();
  return words.line;
}

std::string Options::resolved() const {
  std::vector<std::string> sections;
  std::map<std::string, std::string> lines;
  for (const auto& option : list_) {
    const auto section = section_name(option.key);
    auto& text = lines[section];
    if (text.empty()) sections.push_back(section);
    text += fmt::format("{} = {}\n", name_in_section(option.key), option.value);
  }
  std::string text;
  for (const auto& section : sections)
    text += fmt::format("{}[{}]\n{}", text.empty() ? "" : "\n", section, lines[section]);
  return text;
}

std::string Options::help(const std::vector<std::string>& sections) const {
  std::string text;
  for (const auto& wanted : sections) {
    text += fmt::format("\n[{}]\n", wanted);
    for (const auto& option : list_) {
      if (section_name(option.key) != wanted) continue;
      // The bounds of its type are no news.
      auto range = option.range;
      if (range.most >= kMostWhole) range.most = std::numeric_limits<double>::infinity();
      const auto bounds = range.text();
      text += fmt::format("  --{:<32} {}{}{}\n", option.key, option.help,
                          bounds.empty() ? "" : fmt::format(" ({})", bounds.substr(1)),
                          option.value.empty() ? "" : fmt::format(" [{}]", option.value));
    }
  }
  return text;
}

}  // namespace warmstart
