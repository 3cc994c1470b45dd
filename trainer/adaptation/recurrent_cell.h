#pragma once

#include <memory>
#include <string>

#include "trainer/layers/batch_parameters.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// What a cell is built of: its parameters are called `name`.input.weight and so on, what it reads is `inputs` wide, its
// hidden state `width` = H.
struct CellParts {
  std::string name;
  std::int64_t inputs, width;
  Initialiser& draw;
  Parameters& parameters;
};

// A recurrent cell that reads a task's rows one after the other, with LibTorch's parameters and order of gates.
class RecurrentCell {
 public:
  // Where a task stands: [T, 1, H] each.
  struct Memory {
    at::Tensor hidden;
    at::Tensor cell;  // undefined where the kind of cell has none
  };

  // What a cell has come to: the last memory, and the hidden states before and behind each row [T, S, H], which are the
  // same where it is padded.
  struct Read {
    Memory last;
    at::Tensor before, behind;
  };

  enum class Order { kForward, kBackward };

  virtual ~RecurrentCell() = default;

  // Whether it has a memory beside its hidden state.
  virtual bool has_cell() const = 0;

  // Reads rows [T, S, inputs], S > 0, from a memory of zeros, the first or the last one first, and passes over padding,
  // where the mask [T, S] is 0.  While PlainArithmetic stands, by what a tracer records for any S.
  Read read(const BatchParameters& parameters, const at::Tensor& rows, const at::Tensor& mask,
            Order order = Order::kForward) const;

  // The same from a memory.
  Read read_on(const BatchParameters& parameters, const at::Tensor& rows, const at::Tensor& mask, Memory memory) const;

 protected:
  // Weights [G, inputs] and [G, H], biases [G].
  struct Weights {
    at::Tensor of_row, of_hidden, row_bias, hidden_bias;
  };
  // Memories behind each row [S, T, H], and the last cell.
  struct Passage {
    at::Tensor hidden, cell;
  };

  // It has so many gates, G / H.
  RecurrentCell(const CellParts& parts, std::int64_t gates);

  std::int64_t width() const { return width_; }

  // The memory behind one more row: of_row = W x + b of what is read and of_hidden = U h + c, [T, 1, G].
  virtual Memory next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const = 0;

  // The same over rows [S, T, inputs], S > 0, from a memory of zeros [1, T, H], by LibTorch's own operator.  Padding,
  // where `is_row` [S, T, 1] is 0, comes behind a task's rows and leaves the last cell as it was, but no memory behind
  // it.
  virtual Passage passage(const at::Tensor& rows, const at::Tensor& is_row, const at::Tensor& zeros,
                          const Weights& weights) const = 0;

 private:
  std::string name(const char* part) const { return name_ + "." + part; }
  Read read_traced(const BatchParameters& parameters, const at::Tensor& rows, const at::Tensor& mask,
                   Order order) const;

  std::string name_;
  std::int64_t width_;
};

template <typename Kind>
std::unique_ptr<RecurrentCell> make_cell(const CellParts& parts) {
  return std::make_unique<Kind>(parts);
}

}  // namespace warmstart
