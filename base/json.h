// JSON that others may have written: read within bounds, its members checked before they are used.

#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace warmstart {

// Objects and arrays may lie this deep in each other, which is several times what Warmstart writes: functions that
// walk a deeper value would overflow the stack.
constexpr int kMostJsonDepth = 64;

// A bound on what a file may ask of the memory, where a value takes up to forty times its text.  The largest that
// Warmstart writes, the description of a data set with 100,000 shards, has half of it.
constexpr std::size_t kMostJsonBytes = std::size_t{32} << 20;

// Throws DataError naming `where` and the place for what is no JSON, nests too deep, or gives a key of one object
// twice.
nlohmann::json parse_json(std::string_view text, const std::string& where);

// Parses a file.  Throws DataError naming it, also when it is larger than kMostJsonBytes.
nlohmann::json read_json(const std::filesystem::path& path);

// Members of an object.  Each throws DataError naming the key where the member is absent, of another type or out of
// its range; the caller names the file.
const nlohmann::json& member(const nlohmann::json& object, const char* key);
const nlohmann::json& object_at(const nlohmann::json& object, const char* key);
const nlohmann::json& list_at(const nlohmann::json& object, const char* key);
const std::string& text_at(const nlohmann::json& object, const char* key);
bool flag_at(const nlohmann::json& object, const char* key);
double number_at(const nlohmann::json& object, const char* key);  // finite, as every number of JSON
std::int64_t integer_at(const nlohmann::json& object, const char* key, std::int64_t least = 0,
                        std::int64_t most = std::numeric_limits<std::int64_t>::max());
// The name of a file in the same folder: no '/', not "..", not empty.
const std::string& file_name_at(const nlohmann::json& object, const char* key);

// Elements of lists, likewise; `what` names the list.
std::int64_t as_integer(const nlohmann::json& value, const std::string& what, std::int64_t least = 0,
                        std::int64_t most = std::numeric_limits<std::int64_t>::max());
double as_number(const nlohmann::json& value, const std::string& what);
const std::string& as_text(const nlohmann::json& value, const std::string& what);

}  // namespace warmstart
