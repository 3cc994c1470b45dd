#include "base/json.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <set>
#include <vector>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

using Json = nlohmann::json;

// Watches the parser, so that no value ever exists that is deeper than allowed.
class Bounds {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth > kMostJsonDepth) throw DataError(fmt::format("nests deeper than {} levels", kMostJsonDepth));
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key && !keys_.back().insert(parsed.get_ref<const std::string&>()).second)
      throw DataError(fmt::format("has the key {} twice in one object", parsed.dump()));
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

[[noreturn]] void refuse(const std::string& what, const std::string& wanted, const Json& found) {
  auto text = found.is_structured() ? std::string(found.type_name()) : found.dump();
  constexpr std::size_t kShown = 60;
  if (text.size() > kShown) text = std::string(found.type_name());
  throw DataError(fmt::format("{}: wanted {}, found {}", what, wanted, text));
}

std::string named(const char* key) { return fmt::format("'{}'", key); }

const Json& typed(const Json& object, const char* key, bool (Json::*is)() const noexcept, const char* wanted) {
  const auto& found = member(object, key);
  if (!(found.*is)()) refuse(named(key), wanted, found);
  return found;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  try {
    Bounds bounds;
    return Json::parse(text, std::ref(bounds));
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{}: not valid JSON: {}", where, error.what()));
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", where, error.what()));
  }
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path, kMostJsonBytes), path.string()); }

const Json& member(const Json& object, const char* key) {
  if (!object.is_object()) refuse("its content", "an object", object);
  const auto found = object.find(key);
  if (found == object.end()) throw DataError(fmt::format("has no key '{}'", key));
  return *found;
}

const Json& object_at(const Json& object, const char* key) { return typed(object, key, &Json::is_object, "an object"); }

const Json& list_at(const Json& object, const char* key) { return typed(object, key, &Json::is_array, "a list"); }

const std::string& text_at(const Json& object, const char* key) { return as_text(member(object, key), named(key)); }

bool flag_at(const Json& object, const char* key) {
  return typed(object, key, &Json::is_boolean, "true or false").get<bool>();
}

double number_at(const Json& object, const char* key) { return as_number(member(object, key), named(key)); }

std::int64_t integer_at(const Json& object, const char* key, std::int64_t least, std::int64_t most) {
  return as_integer(member(object, key), named(key), least, most);
}

const std::string& file_name_at(const Json& object, const char* key) {
  const auto& name = text_at(object, key);
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos)
    refuse(named(key), "the name of a file in the same folder", member(object, key));
  return name;
}

std::int64_t as_integer(const Json& value, const std::string& what, std::int64_t least, std::int64_t most) {
  const bool fits =
      value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most) {
    refuse(what,
           most == INT64_MAX ? fmt::format("a whole number of at least {}", least)
                             : fmt::format("a whole number in [{}, {}]", least, most),
           value);
  }
  return value.get<std::int64_t>();
}

double as_number(const Json& value, const std::string& what) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(what, "a number", value);
  return value.get<double>();
}

const std::string& as_text(const Json& value, const std::string& what) {
  if (!value.is_string()) refuse(what, "a text", value);
  return value.get_ref<const std::string&>();
}

}  // namespace warmstart
