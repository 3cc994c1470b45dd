#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "trainer/layers/parameters.h"

namespace warmstart {

// Rows of a table, and where among them each id that was asked for lies.
struct FetchedRows {
  at::Tensor rows;    // [n, width], differentiable
  at::Tensor places;  // int64, shaped like the ids
};

// Where the rows of embedding tables live: the one way by which networks get at them.
class EmbeddingSource {
 public:
  virtual ~EmbeddingSource() = default;

  // Declares a table of `ids` rows; all of them before the first fetch.
  virtual void add(const std::string& table, ParameterGroup group, std::int64_t ids, std::int64_t width,
                   Initial initial) = 0;

  // `ids`: int64, any shape, within the table.
  virtual FetchedRows fetch(const std::string& table, const at::Tensor& ids) const = 0;
};

// Every rank holds all rows, among the model's parameters, which outlive this.
class ReplicatedTables : public EmbeddingSource {
 public:
  explicit ReplicatedTables(Parameters& parameters) : parameters_(parameters) {}
  void add(const std::string& table, ParameterGroup group, std::int64_t ids, std::int64_t width,
           Initial initial) override {
    parameters_.add(table, group, {ids, width}, std::move(initial));
  }
  FetchedRows fetch(const std::string& table, const at::Tensor& ids) const override {
    return {parameters_[table], ids};
  }

 private:
  Parameters& parameters_;
};

}  // namespace warmstart
