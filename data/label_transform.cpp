#include "data/label_transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/number.h"
#include "base/split_text.h"

namespace warmstart {
namespace {

// The numbers behind the name, as in clip:0:100.
std::vector<double> numbers_of(std::string_view text) {
  std::vector<double> numbers;
  bool is_name = true;
  split_text(text, ":", [&](std::string_view part) {
    const auto number = is_name ? 0.0 : parse_number(part);
    if (!number) throw std::invalid_argument(fmt::format("wants a number in place of '{}'", part));
    if (!is_name) numbers.push_back(*number);
    is_name = false;
  });
  return numbers;
}

LabelTransform transform_of(const std::string& text) {
  using Kind = LabelTransform::Kind;
  const auto name = text.substr(0, text.find(':'));
  if (text == "none") return {};
  if (text == "log1p") return {.kind = Kind::kLog1p};
  const auto numbers = name == "clip" || name == "threshold" ? numbers_of(text) : std::vector<double>();
  if (name == "threshold" && numbers.size() == 1) return {.kind = Kind::kThreshold, .low = numbers[0]};
  if (name == "clip" && numbers.size() == 2 && numbers[0] < numbers[1])
    return {.kind = Kind::kClip, .low = numbers[0], .high = numbers[1]};
  throw std::invalid_argument("is none of: none, log1p, clip:LOW:HIGH with LOW below HIGH, threshold:X");
}

}  // namespace

double LabelTransform::operator()(double label) const {
  switch (kind) {
    case Kind::kLog1p:
      return std::log1p(label);
    case Kind::kClip:
      return std::clamp(label, low, high);
    case Kind::kThreshold:
      return label >= low ? 1.0 : 0.0;
    default:
      return label;
  }
}

double LabelTransform::inverse(double stored) const {
  switch (kind) {
    case Kind::kLog1p:
      return std::expm1(stored);
    case Kind::kThreshold:
      return stored > 0.0 ? low : std::nextafter(low, -INFINITY);
    default:
      return stored;
  }
}

void read(const std::string& text, const Range& /*range*/, LabelTransform& transform) {
  transform = transform_of(text);
}

std::string to_text(const LabelTransform& transform) {
  switch (transform.kind) {
    case LabelTransform::Kind::kLog1p:
      return "log1p";
    case LabelTransform::Kind::kClip:
      return fmt::format("clip:{}:{}", transform.low, transform.high);
    case LabelTransform::Kind::kThreshold:
      return fmt::format("threshold:{}", transform.low);
    default:
      return "none";
  }
}

}  // namespace warmstart
