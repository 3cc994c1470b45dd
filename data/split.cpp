#include "data/split.h"

#include <cstddef>

namespace warmstart {

const char* name_of(Split split) {
  constexpr const char* names[] = {"train", "validation", "test"};
  return names[static_cast<std::size_t>(split)];
}

}  // namespace warmstart
