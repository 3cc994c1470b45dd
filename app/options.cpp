#include "app/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <fstream>
#include <numeric>
#include <set>

#include "base/errors.h"

namespace warmstart {
namespace {

namespace po = boost::program_options;

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

std::string section_of(const std::string& key) { return key.substr(0, key.find('.')); }
std::string name_in_section(const std::string& key) { return key.substr(key.find('.') + 1); }

}  // namespace

Option* Options::find(const std::string& key) {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const auto& option) { return option.key == key; });
  return found == list_.end() ? nullptr : &*found;
}

Option& Options::find_or_explain(const std::string& key, const std::string& where) {
  if (auto* option = find(key)) return *option;
  // Sections are forgiven cheaply: a right name in a wrong section is a likely slip.
  const auto distance = [&](const Option& option) {
    return std::min(edit_distance(key, option.key),
                    1 + edit_distance(name_in_section(key), name_in_section(option.key)));
  };
  const auto nearest = std::min_element(list_.begin(), list_.end(),
                                        [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  throw UsageError(fmt::format("{}: unknown option '{}'; did you mean '{}'?", where, key, nearest->key));
}

void Options::set(const std::string& key, const std::string& value, const std::string& where) {
  auto& option = find_or_explain(key, where);
  if (option.set) return;
  try {
    option.assign(value);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("{}: {} = '{}': {}", where, key, value, error.what()));
  }
  option.value = value;
  option.set = true;
}

void Options::set_once(const std::string& key, const std::string& value) {
  require(!find(key)->set, fmt::format("command line: {} is given twice; lists are separated by commas", key));
  set(key, value, "command line");
}

Options::CommandLine Options::parse(const std::vector<std::string>& arguments, const std::string& own_section) {
  CommandLine line;
  po::options_description all;
  all.add_options()("help,h", "")("json", "")("verify", "")("config", po::value<std::string>(), "")(
      "set", po::value<std::vector<std::string>>()->composing(), "")(
      "set-grid", po::value<std::vector<std::string>>()->composing(), "")("positional",
                                                                          po::value<std::vector<std::string>>(), "");
  for (const auto& option : list_) {
    const auto value = [&] {
      return option.flag ? po::value<std::string>()->implicit_value("true") : po::value<std::string>();
    };
    all.add_options()(option.key.c_str(), value(), "");
    if (section_of(option.key) == own_section) all.add_options()(name_in_section(option.key).c_str(), value(), "");
  }
  po::positional_options_description positional;
  positional.add("positional", -1);
  const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  std::string config;
  std::vector<std::string> assignments;
  try {
    const auto parsed = po::command_line_parser(arguments).options(all).positional(positional).style(style).run();
    for (const auto& option : parsed.options) {
      const auto& key = option.string_key;
      if (key == "help")
        line.help = true;
      else if (key == "json")
        line.json = true;
      else if (key == "verify")
        line.verify = true;
      else if (key == "config")
        config = option.value.at(0);
      else if (key == "set")
        assignments.insert(assignments.end(), option.value.begin(), option.value.end());
      else if (key == "set-grid")
        line.grid.insert(line.grid.end(), option.value.begin(), option.value.end());
      else if (key == "positional")
        line.positional.insert(line.positional.end(), option.value.begin(), option.value.end());
      else
        set_once(find(key) ? key : own_section + "." + key, option.value.empty() ? "true" : option.value[0]);
    }
  } catch (const po::unknown_option& error) {
    auto name = error.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    find_or_explain(name, "command line");
  } catch (const po::error& error) {
    throw UsageError(fmt::format("command line: {}", error.what()));
  }
  for (const auto& assignment : assignments) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos)
      throw UsageError(fmt::format("--set '{}' is not of the form section.name=value", assignment));
    set(assignment.substr(0, equals), assignment.substr(equals + 1), "--set");
  }
  if (!config.empty()) read_ini(config);
  return line;
}

void Options::read_ini(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError(fmt::format("{}: no such configuration file", path));
  try {
    const auto parsed = po::parse_config_file(file, po::options_description(), true);
    for (const auto& option : parsed.options) set(option.string_key, option.value.empty() ? "" : option.value[0], path);
  } catch (const po::error& error) {
    throw UsageError(fmt::format("{}: {}", path, error.what()));
  }
}

std::string Options::resolved() const {
  std::string text, section;
  for (const auto& option : list_) {
    if (section_of(option.key) != section) {
      section = section_of(option.key);
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    text += fmt::format("{} = {}\n", name_in_section(option.key), option.value);
  }
  return text;
}

bool Options::changes_what_is_learned(const std::string& key) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const auto& option) { return option.key == key; });
  static const std::set<std::string> sections = {"model", "inner", "train", "episode", "evaluate"};
  return found != list_.end() && !found->neutral && sections.contains(section_of(key));
}

std::string Options::help(const std::vector<std::string>& sections) const {
  std::string text;
  for (const auto& wanted : sections) {
    text += fmt::format("\n[{}]\n", wanted);
    for (const auto& option : list_) {
      if (section_of(option.key) != wanted) continue;
      text += fmt::format("  --{:<32} {}{}\n", option.key, option.help,
                          option.value.empty() ? "" : fmt::format(" [{}]", option.value));
    }
  }
  return text;
}

}  // namespace warmstart
