#pragma once

#include <string>

#include "trainer/adaptation/recurrent_cell.h"
#include "trainer/adaptation/stage.h"

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
  using MakeCell = std::unique_ptr<RecurrentCell> (*)(const CellParts&);

  // Its parameters are called `kind`.rows and so on; the cell is `width` = H wide.
  Recurrent(std::string kind, MakeCell make_cell, std::int64_t outputs, std::int64_t features, std::int64_t inputs,
            std::int64_t width, Initialiser& draw, Parameters& parameters);

  std::vector<std::string> row_parts() const override { return {name("rows")}; }
  bool reads_order() const override { return true; }
  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  // What hidden states [T, 1, H] add to the head, as its rows.
  at::Tensor head_rows(const BatchParameters& parameters, const at::Tensor& hidden) const;
  void remember(TaskState& state, const RecurrentCell::Memory& memory) const;

  std::string name(const char* part) const { return kind_ + "." + part; }
  at::Tensor inputs_of(const TaskState& state, const Support& support) const;

  std::string kind_;
  std::int64_t outputs_, width_;
  std::unique_ptr<RecurrentCell> cell_;
};

}  // namespace warmstart
