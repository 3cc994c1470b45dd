#include "base/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <fstream>
#include <memory>
#include <vector>

#include "base/errors.h"

namespace warmstart {
namespace {

std::string hexadecimal(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace

std::string digest(const void* data, std::size_t bytes) { return hexadecimal(XXH3_128bits(data, bytes)); }

std::string digest_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(fmt::format("{}: cannot be read", path.string()));
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> piece(1 << 20);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
    XXH3_128bits_update(state.get(), piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  return hexadecimal(XXH3_128bits_digest(state.get()));
}

}  // namespace warmstart
