#pragma once

#include <string>

#include "data/batch.h"
#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// What a task's own fields say of it: one hidden layer with a leaky rectifier.
class Description {
 public:
  // Its parameters are `name`.embedding and `name`.input; `mask_number` of its dropout mask is odd: rows have the even
  // ones.
  Description(std::string name, std::uint64_t mask_number, const FeatureLayout& layout, std::int64_t width,
              Initialiser& draw, Parameters& parameters, EmbeddingSource& tables);

  at::Tensor hidden(const BatchParameters& parameters, const Support& support) const;  // [T, 1, width]

 private:
  std::string name_;
  std::uint64_t mask_number_;
  std::int64_t width_;
};

}  // namespace warmstart
