#pragma once

#include <memory>
#include <span>
#include <vector>

#include "trainer/evaluation/judged_rows.h"
#include "trainer/evaluation/measure.h"
#include "trainer/evaluation/ranked_rows.h"

namespace warmstart {

// A measure of judged rows, as a function of how often each task counts: its value where each counts once, and those of
// bootstrap samples.
class Statistic {
 public:
  virtual ~Statistic() = default;

  // `weights` [tasks], whole numbers from 0 on.  Not a number where no task that counts defines the measure.
  virtual double value(std::span<const double> weights) const = 0;

  // Each task's own value, not a number where the task does not define it; empty for a pooled measure.
  virtual const std::vector<double>& by_task() const = 0;

  double value() const { return value(std::vector<double>(tasks_, 1.0)); }

 protected:
  explicit Statistic(std::size_t tasks) : tasks_(tasks) {}

 private:
  std::size_t tasks_;
};

// The value of a measure that is not pooled, for the rows of one task; not a number where they do not define it: where
// a label is no whole number (accuracy), no row is relevant (recall, hit, MRR, MAP), or all rows are or none is
// (grouped AUC).  The labels alone decide.  Both spans have one length, at least 1; the scale has passed check(measure,
// scale).
double value_of_task(const Measure& measure, std::span<const float> predicted, std::span<const float> labels,
                     const LabelScale& scale);

// The scale has passed check(measure, scale).
std::unique_ptr<Statistic> make_statistic(const Measure& measure, const JudgedRows& rows, const LabelScale& scale);

// Of a measure that is_of_order(); what it counts of the lists is at most `ranked.listed`.
std::unique_ptr<Statistic> make_statistic(const Measure& measure, const RankedRows& ranked, const LabelScale& scale);

}  // namespace warmstart
