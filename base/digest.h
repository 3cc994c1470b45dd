#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace warmstart {

// XXH3-128 over bytes that come in pieces.
class Digest {
 public:
  Digest();
  void add(const void* data, std::size_t bytes);
  // As 32 hexadecimal digits.
  std::string text() const;

 private:
  std::shared_ptr<XXH3_state_s> state_;
};

// XXH3-128 as 32 hexadecimal digits.
std::string digest(const void* data, std::size_t bytes);
inline std::string digest(const std::string& text) { return digest(text.data(), text.size()); }

// XXH3-64: for tables of hashes, where two texts may share one.
std::uint64_t short_digest(std::string_view text);

// The digest of a regular file's content, read in pieces.  Throws DataError when it cannot be read.
std::string digest_file(const std::filesystem::path& path);

}  // namespace warmstart
