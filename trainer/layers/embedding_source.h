#pragma once

#include <ATen/ops/embedding.h>
#include <ATen/ops/index_select.h>

#include <string>
#include <utility>
#include <vector>

#include "trainer/layers/table_declaration.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// Where the rows of embedding tables live: the one way by which networks and stages get at them.
class EmbeddingSource {
 public:
  virtual ~EmbeddingSource() = default;

  // Declares a table; all of them before the first fetch.
  virtual void add(TableDeclaration table) = 0;

  // The rows [n, width] of `ids` [n], int64 and within the table; differentiable where the table is among the
  // parameters.
  virtual at::Tensor fetch(const std::string& table, const at::Tensor& ids) const = 0;

  // The rows [.., width] of `ids` [..], without their history: where all of them are at hand, by one operator.
  virtual at::Tensor embedding(const std::string& table, const at::Tensor& ids) const = 0;
};

// Every rank holds all rows, among the model's parameters, which outlive this.
class ReplicatedTables : public EmbeddingSource {
 public:
  explicit ReplicatedTables(Parameters& parameters) : parameters_(parameters) {}
  void add(TableDeclaration table) override {
    parameters_.add(table.name, table.group, {table.ids, table.width}, std::move(table.initial.whole));
    names_.push_back(std::move(table.name));
  }
  at::Tensor fetch(const std::string& table, const at::Tensor& ids) const override {
    return parameters_[table].index_select(0, ids);
  }
  at::Tensor embedding(const std::string& table, const at::Tensor& ids) const override {
    return at::embedding(whole(table), ids);
  }
  // All rows, without their history: [ids, width].
  at::Tensor whole(const std::string& table) const { return parameters_[table].detach(); }

  const std::vector<std::string>& names() const { return names_; }

 private:
  Parameters& parameters_;
  std::vector<std::string> names_;
};

}  // namespace warmstart
