#include "base/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <vector>

#include "base/regular_file.h"

namespace warmstart {
namespace {

std::string hexadecimal(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace

Digest::Digest() : state_(XXH3_createState(), XXH3_freeState) { XXH3_128bits_reset(state_.get()); }

void Digest::add(const void* data, std::size_t bytes) { XXH3_128bits_update(state_.get(), data, bytes); }

std::string Digest::text() const { return hexadecimal(XXH3_128bits_digest(state_.get())); }

std::uint64_t short_digest(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::string digest(const void* data, std::size_t bytes) { return hexadecimal(XXH3_128bits(data, bytes)); }

std::string digest_file(const std::filesystem::path& path) {
  RegularFile file(path);
  Digest digest;
  std::vector<char> piece(1 << 20);
  while (const auto count = file.read(piece.data(), piece.size())) digest.add(piece.data(), count);
  return digest.text();
}

}  // namespace warmstart
