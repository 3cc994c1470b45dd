#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace warmstart {

// The distinct numbers of some lists, ascending, and where among them each number of each list lies.
struct DistinctPlaces {
  at::Tensor places;                  // int64 [n]
  std::vector<at::Tensor> positions;  // int64, one list for each
};

// `place_of` gives the place of each number of the lists (int64, in host memory), which is not negative.
DistinctPlaces distinct_places(const std::vector<at::Tensor>& lists,
                               const std::function<std::int64_t(std::int64_t)>& place_of);

}  // namespace warmstart
