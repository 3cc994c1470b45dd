#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "trainer/layers/adapted_layers.h"
#include "trainer/layers/rows.h"

namespace warmstart {

// A value of a pass.
struct Var {
  std::size_t node = 0;
};

// Which rows a value is of: the pass's own [T, R], or the support rows [T, S] that those may look at.
enum class Of { kRows, kSupport };

// What a linear layer is given beside its inputs, and what follows it.
struct LinearUse {
  std::optional<Var> start = {};  // added before the rectifier; shaped like the result
  bool rectifies = false;
  double slope = 0.1;  // of the leaky rectifier
  bool drops = false;  // a dropout mask, in training
};

// One pass of a batch's rows through a network's layers, as the tasks have adapted them: a tape.  A network writes
// its forward pass with these operations; backward() gives the inner loss's gradient at each layer that adapts.  Every
// operation, forward and back, is made of differentiable tensor operators, so autograd through both is exact to second
// order.
//
// Values are [T, R, ..], or [N, ..] where the rows are the distinct ones.
class Pass {
 public:
  // All outlive it.  `history` is null unless the network reads it.
  Pass(const AdaptedLayers& layers, const Rows& rows, const History* history = nullptr)
      : layers_(layers), rows_(rows), history_(history) {}

  // The rows' fields: the weighted sum of their ids' embeddings and a linear map of their dense fields, [.., width].
  Var fields(LayerId embedding, LayerId dense, Of of = Of::kRows);

  // The same by field: of each categorical field the weighted sum of its ids' embeddings, and behind them the linear
  // map of all dense fields, [.., fields + 1, width].
  Var fields_by_field(LayerId embedding, LayerId dense);

  // The row of `table` that belongs to the key; 0 where the key is unknown.  [.., width].
  Var key(LayerId table);

  // A parameter, for every row: [.., its sizes].  It does not adapt.
  Var parameter(const std::string& name);

  // What `compute` makes of each thing that rows have a part of, of all rows that share it once: at these rows.  It
  // gets a pass of those things as rows of their own (Rows::part), which task-adapted layers take no part in.
  Var once_each(const RowPart& part, const std::function<Var(Pass&)>& compute);

  // activation(start + x W' + b)
  Var linear(LayerId layer, Var x, const LinearUse& use = {});

  // x + x W' by a layer that add_warp() has added.
  Var warp(LayerId layer, Var x) { return linear(layer, x, {.start = x}); }
  bool is_warp(LayerId layer) const { return layers_.shared()[layer].warps; }

  // x (1 + gain) + shift, where tasks have such of the layer that x comes out of.
  Var modulate(LayerId layer, Var x);

  // Times a dropout mask, in training.  Masks are numbered by their order in the pass.
  Var drop(Var x, Of of = Of::kRows);

  Var add(Var a, Var b);       // broadcasts
  Var multiply(Var a, Var b);  // element by element, of the same shape
  Var scale(Var x, double factor);

  // Of x [.., F, width]: the sum over the fields, [.., width], or all of them in a row, [.., F * width].
  Var sum_of_fields(Var x);
  Var flatten(Var x);

  // One behind the other in the last dimension.
  Var concatenate(const std::vector<Var>& parts);

  Var columns(Var x, std::int64_t first, std::int64_t count);

  // Of each row [T, R, width] and support row [T, S, width]: the mean of `values` [T, S, E] over the support rows that
  // the row may look at, weighted by softmax(query key' / sqrt(width)) (Vaswani et al. 2017, equation 1), where a key
  // whose product is 0 and whose value is 0 is always among them: [T, R, E].
  Var attend(Var queries, Var keys, Var values);

  const at::Tensor& value(Var x) const { return nodes_[x.node].value; }

  // From the inner loss's gradients at some values: what each use of a layer that adapts saw and got back, the last use
  // first.
  std::vector<LayerGradient> backward(const std::vector<std::pair<Var, at::Tensor>>& at_outputs) const;

 private:
  class Gradients;
  struct Node {
    at::Tensor value;
    bool adapts;                                                          // whether a layer that adapts lies behind it
    std::function<void(const at::Tensor& d, Gradients& gradients)> back;  // adds to the gradients of what it is made of
  };
  Var add_node(at::Tensor value, bool adapts, std::function<void(const at::Tensor&, Gradients&)> back);
  bool adapts(Var x) const { return nodes_[x.node].adapts; }
  const Rows& rows(Of of) const { return of == Of::kRows ? rows_ : history_->rows; }
  std::function<at::Tensor()> shared_embedding(const std::string& table, const Rows& rows, const IdBags& bags) const;
  at::Tensor next_mask(std::int64_t width, Of of = Of::kRows) { return rows(of).mask(masks_++, width); }

  const AdaptedLayers& layers_;
  const Rows& rows_;
  const History* history_;
  std::vector<Node> nodes_;
  std::uint64_t masks_ = 0;
};

}  // namespace warmstart
