#include "json_mutator.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

using Json = nlohmann::json;

// What was accepted, in memory of its own: the fuzzer looks for leaks, which takes long, after inputs that keep some.
struct Accepted {
  std::array<std::uint8_t, 4096> bytes;
  std::size_t size;
};
std::array<Accepted, 16> accepted;
std::size_t accepted_count = 0;

void collect(Json& json, std::vector<Json*>& values) {
  values.push_back(&json);
  if (!json.is_structured()) return;
  for (auto& inner : json) collect(inner, values);
}

Json extreme(std::size_t n) {
  static const std::vector<Json> all = {nullptr,    true, 0,     -1, INT64_MAX,     INT64_MIN,
                                        UINT64_MAX, 0.5,  1e308, "", Json::array(), Json::object()};
  return all[n % all.size()];
}

// Changes one value, perhaps into what another one is.
void change(Json& json, std::mt19937& random) {
  std::vector<Json*> values;
  collect(json, values);
  auto& value = *values[random() % values.size()];
  const Json other = *values[random() % values.size()];
  switch (random() % 5) {
    case 0:
      value = extreme(random());
      break;
    case 1:
      value = other;
      break;
    case 2:
      value = Json::array({value});
      break;
    case 3:
      if (!value.empty() && value.is_object()) value.erase(std::next(value.begin(), random() % value.size()));
      if (!value.empty() && value.is_array()) value.erase(random() % value.size());
      break;
    default:
      if (value.is_object()) value["new"] = other;
      if (value.is_array()) value.push_back(other);
  }
}

}  // namespace

void note_accepted(const std::uint8_t* data, std::size_t size) {
  static std::minstd_rand random;
  if (size > accepted[0].bytes.size()) return;
  // The first, a seed, stays.
  auto& place = accepted[accepted_count < accepted.size() ? accepted_count++ : 1 + random() % (accepted.size() - 1)];
  std::copy(data, data + size, place.bytes.begin());
  place.size = size;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::mt19937 random(seed);
  if (accepted_count == 0 || random() % 2 == 0) return LLVMFuzzerMutate(data, size, most);
  const auto& chosen = accepted[random() % accepted_count];
  auto json = Json::parse(chosen.bytes.begin(), chosen.bytes.begin() + chosen.size);
  change(json, random);
  const auto text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
