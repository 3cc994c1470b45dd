#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "data/batch.h"

namespace warmstart {

// Contiguous float32 in host memory; places beyond a task's last query row may hold anything.
struct Predictions {
  at::Tensor labels;  // [T, Q]

  // What orders rows [T, Q] where labels do not quite, which are cut to their range; else undefined.
  at::Tensor scores = {};

  // The distribution of each label, Student's t, by a recommender that tells it; else undefined.
  at::Tensor centres = {}, scales = {};  // [T, Q]
  at::Tensor freedom = {};               // degrees of it [T]
};

// Scores all entities of a data set.
class CatalogueScorer {
 public:
  virtual ~CatalogueScorer() = default;

  // For each task of the batch, which has seen its support rows: contiguous float32 in host memory [T, entities].
  virtual at::Tensor scores(const EpisodeBatch& batch) const = 0;
};

// Whatever can be evaluated: it sees each task's support rows and scores its query rows.
class Recommender {
 public:
  virtual ~Recommender() = default;

  virtual Predictions predict(const EpisodeBatch& batch) const = 0;

  // As predict() to rounding, without distributions: faster, where those take time.
  virtual Predictions predict_labels(const EpisodeBatch& batch) const { return predict(batch); }

  // Scores entities faster than predict() as query rows, where it can; else null.  Both outlive it.
  virtual std::unique_ptr<CatalogueScorer> catalogue_scorer(const Dataset& /*dataset*/) const { return nullptr; }

  // Whether its predictions depend on the order of support rows, which then is that of time.
  virtual bool reads_order() const { return false; }

  // Whether it tells how far labels may be off.
  virtual bool tells_distributions() const { return false; }
};

}  // namespace warmstart
