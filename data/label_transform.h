#pragma once

#include <string>

#include "base/option_value.h"

namespace warmstart {

// What a label becomes before it is stored.  Every transform keeps labels in their order.
struct LabelTransform {
  enum class Kind { kNone, kLog1p, kClip, kThreshold };
  Kind kind = Kind::kNone;
  double low = 0.0, high = 0.0;  // the bounds of kClip; kThreshold: `low`, from which on a label is 1

  // Not a finite number for a label of -1 or less under log1p.
  double operator()(double label) const;

  // A label of which it makes the stored one.
  double inverse(double stored) const;
};

// As option values are read and written: none, log1p, clip:LOW:HIGH or threshold:X.
void read(const std::string& text, const Range& range, LabelTransform& transform);
std::string to_text(const LabelTransform& transform);

}  // namespace warmstart
