#pragma once

#include <optional>

#include "data/batch.h"
#include "trainer/layers/initialiser.h"
#include "trainer/layers/pass.h"
#include "trainer/networks/network_options.h"

namespace warmstart {

// What a network makes of rows: outputs = features w' + base + b, where the head (w, b) is the task's.
struct RowVars {
  Var features;  // [.., D]
  Var base;      // [.., 1]: the row's score before the head
  // [.., E]: what stages compare rows by; the features, where there is none.
  std::optional<Var> input = std::nullopt;
};

// A base learner: what does a row look like?  It is written once, as a forward pass, and adapts in any scope.
class Network {
 public:
  virtual ~Network() = default;

  virtual RowVars forward(Pass& pass) const = 0;

  // D
  virtual std::int64_t features() const = 0;

  // E, of networks whose rows have an input
  virtual std::optional<std::int64_t> inputs() const { return std::nullopt; }

  // Whether what it makes of a row depends on the task's support rows, so that no row can be encoded for all tasks.
  virtual bool reads_history() const { return false; }

  // The parameter whose last value is added to every row's base score.
  virtual const char* score_bias() const = 0;
};

// What a network is built of, in its constructor.
struct NetworkParts {
  const NetworkOptions& options;
  const FeatureLayout& layout;
  Initialiser& draw;
  Layers& layers;
  Parameters& parameters;
};

// The last output is a row's bias: it starts near 0, so that the parameter score_bias() is where scores start.
Initial with_small_last_row(const Initial& initial);

// Layers that networks have in common; what they return is their ids.
LayerId add_key_bias(const NetworkParts& parts);
struct FieldLayers {
  LayerId embedding, key_bias, dense;
};
FieldLayers add_fields(const NetworkParts& parts);
LayerId add_embedding(const NetworkParts& parts);  // of all fields' ids
struct LinearLayers {
  LayerId weights, dense;
};
LinearLayers add_linear_terms(const NetworkParts& parts);  // a weight of each id and dense field
// The hidden layers, each with its warp layer if inner.warp; `prefix` begins their names.
std::vector<LayerId> add_tower(const NetworkParts& parts, std::int64_t inputs, const std::string& prefix = "");
std::int64_t tower_width(const NetworkOptions& options, std::int64_t inputs);  // of the last one, or else of the inputs

// The linear terms of a row's fields, and its key's bias: [.., 1].
Var linear_terms(Pass& pass, const LinearLayers& layers, LayerId key_bias);

// The sum over all pairs of the fields' vectors [.., F, E] of their product, element by element; `sum` is that of the
// vectors: half of (its square minus the sum of their squares), [.., E] (Rendle 2010, lemma 3.1).
Var products_of_pairs(Pass& pass, Var fields, Var sum);

// The hidden layers over `x`, with rectifiers and dropout, and a task's gains and shifts behind each.
Var through_tower(Pass& pass, const std::vector<LayerId>& tower, Var x);

}  // namespace warmstart
