#pragma once

#include <string>

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// A recurrent meta-learner: a cell reads the support rows one after the other, oldest first, and what they leave in its
// hidden state is mapped to a head, which joins the one that is there (Hochreiter, Younger and Conwell 2001; Santoro et
// al. 2016).  A task without support rows keeps its head.  Of a row with inputs x and residuals r_k = minus the inner
// loss's gradient at its base score, one for each output k, the cell is given
//
//   [A x + a; sum_k r_k (C_k x + c_k)],
//
// what it is, and what a step of gradient descent would see of it.  What a row changes in the head as it is read is its
// share.  Each output has weights of its own, C_k and what the hidden state is mapped to: that classes might as well
// have other numbers is for training to find, as in both papers.
class Recurrent : public Stage {
 public:
  std::vector<std::string> row_parts() const override { return {name("rows")}; }
  bool reads_order() const override { return true; }
  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 protected:
  // Where a task stands: [T, 1, H] each.
  struct Memory {
    at::Tensor hidden;
    at::Tensor cell;  // undefined where the kind of cell has none
  };
  // The cell's parameters, in LibTorch's order of gates: weights [G, 2 H] and [G, H], biases [G].
  struct Weights {
    at::Tensor of_row, of_hidden, row_bias, hidden_bias;
  };
  // Memories behind each row [R, T, H], and the last cell.
  struct Passage {
    at::Tensor hidden, cell;
  };

  // Its parameters are called `kind`.rows and so on; the cell is `width` = H wide and has so many `gates`, G / H.
  Recurrent(std::string kind, std::int64_t gates, std::int64_t outputs, std::int64_t features, std::int64_t inputs,
            std::int64_t width, Initialiser& draw, Parameters& parameters);

  std::int64_t width() const { return width_; }

  // Whether it has a memory beside its hidden state.
  virtual bool has_cell() const = 0;

  // The memory behind one more row: of_row = W x + b of what it is given and of_hidden = U h + c, [T, 1, G].
  virtual Memory next(const Memory& memory, const at::Tensor& of_row, const at::Tensor& of_hidden) const = 0;

  // The same over rows [R, T, 2 H], R > 0, from a memory of zeros [1, T, H], by LibTorch's own operator, which a tracer
  // records whatever R is.  Padding, where `is_row` [R, T, 1] is 0, comes behind a task's rows and leaves the last cell
  // as it was, but no memory behind it.
  virtual Passage passage(const at::Tensor& rows, const at::Tensor& is_row, const at::Tensor& zeros,
                          const Weights& weights) const = 0;

 private:
  struct Read {
    Memory last;
    at::Tensor changes;  // of the hidden state by each row [T, S, H], 0 where padded
  };

  // What hidden states [T, 1, H] add to the head, as its rows.
  at::Tensor head_rows(const BatchParameters& parameters, const at::Tensor& hidden) const;
  Memory nothing_read(const at::Tensor& like) const;
  void remember(TaskState& state, const Memory& memory) const;

  std::string name(const char* part) const { return kind_ + "." + part; }
  at::Tensor inputs_of(const TaskState& state, const Support& support) const;
  Read read(const BatchParameters& parameters, const at::Tensor& inputs, const at::Tensor& mask, Memory memory) const;
  Read read_traced(const BatchParameters& parameters, const at::Tensor& inputs, const at::Tensor& mask) const;

  std::string kind_;
  std::int64_t gates_, outputs_, width_;
};

}  // namespace warmstart
