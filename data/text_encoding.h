#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace warmstart {

// What the bytes of a text table mean.
enum class TextEncoding { kUtf8, kLatin1 };
NLOHMANN_JSON_SERIALIZE_ENUM(TextEncoding, {{TextEncoding::kUtf8, "utf-8"}, {TextEncoding::kLatin1, "latin-1"}})

// What a message about text that is not UTF-8 advises.
constexpr const char* kEncodingRemedy =
    "set encoding = latin-1 for this table if that is what it is in, or convert the file, with iconv";

// Every byte of ISO 8859-1 is a character, so any text can be converted.
std::string utf8_of_latin1(std::string_view text);

}  // namespace warmstart
