#pragma once

#include <string>
#include <vector>

#include "trainer/layers/embedding_source.h"
#include "trainer/layers/inner_rule.h"
#include "trainer/layers/planner.h"

namespace warmstart {

using LayerId = std::size_t;

enum class LayerKind {
  kLinear,
  kDenseFields,  // the linear map of a row's dense fields, whose shared part is computed once for each distinct row
  kEmbedding,
};

struct Layer {
  std::string name;
  LayerKind kind;
  std::int64_t inputs, outputs;  // inputs of an embedding: 0
  bool has_bias;
  std::vector<std::int64_t> first_ids = {};  // of an embedding that is summed by field: where each field's ids begin
  bool warps = false;                        // inner steps go through it and never change it
  std::int64_t first_gain = -1;              // among a task's modulation, where its gains begin; -1: it has none
};

// The layers that a network is made of, as all tasks share them.  Their values lie among the parameters, under
// "name.weight" and "name.bias", and in the tables.
class Layers {
 public:
  // All of these outlive it.
  Layers(Parameters& parameters, EmbeddingSource& tables, const InnerRule& rule)
      : parameters_(parameters), tables_(tables), rule_(rule) {}

  LayerId add_linear(const std::string& name, std::int64_t inputs, std::int64_t outputs, Initial weight);  // no bias
  LayerId add_linear(const std::string& name, std::int64_t inputs, std::int64_t outputs, Initial weight, Initial bias);
  LayerId add_dense_fields(const std::string& name, std::int64_t inputs, std::int64_t outputs, Initial weight);
  LayerId add_embedding(TableDeclaration table, std::vector<std::int64_t> first_ids = {});

  // x + x W', with W at 0 first, between layers that adapt (Flennerhag et al. 2020).
  LayerId add_warp(const std::string& name, std::int64_t width);

  // Lets a task's modulation scale and shift what comes out of a layer.
  void modulate(LayerId layer);
  // How long that is: a gain and a shift of each such output.
  std::int64_t modulation_size() const { return modulation_size_; }

  // Adds the learned inner rates of the layers that adapt.
  void add_rates() const;

  const Layer& operator[](LayerId layer) const { return list_[layer]; }
  const std::vector<Layer>& list() const { return list_; }
  const InnerRule& rule() const { return rule_; }

  // Whether inner steps change it, or any.
  bool adapts(LayerId layer) const;
  bool any_adapts() const;
  bool any_embedding_adapts() const;

  // Of a row that goes through all of them.
  double multiply_adds() const;

  // How each linear layer that adapts is held in a batch of so many support and query rows a task.
  std::vector<LayerPlan> plan(std::int64_t support, std::int64_t query) const;
  LayerPlan plan(LayerId layer, std::int64_t support, std::int64_t query) const;

 private:
  LayerId add(Layer layer, Initial weight, Initial bias);

  Parameters& parameters_;
  EmbeddingSource& tables_;
  const InnerRule& rule_;
  std::vector<Layer> list_;
  std::int64_t modulation_size_ = 0;
};

}  // namespace warmstart
