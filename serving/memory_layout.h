#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "serving/request.h"
#include "serving/torchscript.h"

namespace warmstart {

// A task's memory as one list of numbers: its tensors, without the size of the tasks, one after another in the order of
// NAME-adapt's outputs.  Each takes as many numbers as with the most support rows; with fewer rows zeros stand behind
// its own, along each size that grows with the rows.
class MemoryLayout {
 public:
  struct Part {
    std::string name;
    std::vector<std::int64_t> fixed, of_row;  // a size is fixed + rows * of_row
    std::int64_t offset = 0;                  // in the list

    std::vector<std::int64_t> sizes(std::int64_t rows) const;
  };

  // Throws DataError naming the tensor of the memory that a list of numbers cannot hold, and why.
  MemoryLayout(const Schema& schema, const TorchScript& adapt, std::int64_t most_support);

  const std::vector<Part>& parts() const { return parts_; }
  std::int64_t length() const { return length_; }
  std::int64_t most_support() const { return most_support_; }

  // As model.json has it, for clients.
  nlohmann::json json() const;

  // The list of the memory of one task, made of so many support rows; `to` has length() zeros.  Throws DataError for
  // tensors of other sizes, or numbers that are not finite.
  void flatten(const NamedValues& memory, std::int64_t rows, float* to) const;

  // The memory of one task of its list, as it was made of its `rows`: without the zeros behind them.
  NamedValues tensors(const std::vector<float>& list, std::int64_t rows) const;

 private:
  at::Tensor place(const Part& part, float* list, std::int64_t rows) const;

  std::vector<Part> parts_;
  std::int64_t length_ = 0, most_support_;
};

}  // namespace warmstart
