#pragma once

#include <ATen/ops/index_select.h>

#include <string>
#include <vector>

#include "trainer/layers/parameters.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// Where the rows of embedding tables live: the one way by which networks and stages get at them.
class EmbeddingSource {
 public:
  virtual ~EmbeddingSource() = default;

  // Declares a table of `ids` rows; all of them before the first fetch.
  virtual void add(const std::string& table, ParameterGroup group, std::int64_t ids, std::int64_t width,
                   Initial initial) = 0;

  // The rows [n, width] of `ids` [n], int64 and within the table; differentiable.
  virtual at::Tensor fetch(const std::string& table, const at::Tensor& ids) const = 0;

  // All rows, without their history: [ids, width].
  virtual at::Tensor whole(const std::string& table) const = 0;
};

// Every rank holds all rows, among the model's parameters, which outlive this.
class ReplicatedTables : public EmbeddingSource {
 public:
  explicit ReplicatedTables(Parameters& parameters) : parameters_(parameters) {}
  void add(const std::string& table, ParameterGroup group, std::int64_t ids, std::int64_t width,
           Initial initial) override {
    parameters_.add(table, group, {ids, width}, std::move(initial));
    names_.push_back(table);
  }
  at::Tensor fetch(const std::string& table, const at::Tensor& ids) const override {
    return parameters_[table].index_select(0, ids);
  }
  at::Tensor whole(const std::string& table) const override { return parameters_[table].detach(); }

  const std::vector<std::string>& names() const { return names_; }

 private:
  Parameters& parameters_;
  std::vector<std::string> names_;
};

}  // namespace warmstart
