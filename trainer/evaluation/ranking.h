// Measures of the order that scores put one task's rows into: the highest comes first, and equal scores keep the given
// order.  `scores` and `labels` have one length, at least 1; k is at least 1.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trainer/evaluation/label_scale.h"

namespace warmstart {

// What a label is worth to nDCG: 2^label - 1 where the labels' range lies within [0, 10]
// (ratings, clicks), label - scale.least otherwise.
double gain(double label, const LabelScale& scale);

// Normalised discounted cumulative gain of the first k (Jaervelin & Kekaelaeinen 2002; gains of Burges et al. 2005).
// Discount 1 / log2(place + 1).  1 where no order can gain anything.
double ndcg(std::span<const float> scores, std::span<const float> labels, int k, const LabelScale& scale);

// Which rows are relevant, in the order of the scores: labels from `relevant` on.
std::vector<bool> ranked_relevance(std::span<const float> scores, std::span<const float> labels, double relevant);

// Of rows in their order.  All but the first are not a number where no row is relevant.
double precision(const std::vector<bool>& ranked, int k);  // relevant rows among the first k, over k
double recall(const std::vector<bool>& ranked, int k);     // the same, over all relevant rows
double hit(const std::vector<bool>& ranked, int k);        // 1 where a relevant row is among the first k, else 0
double reciprocal_rank(const std::vector<bool>& ranked);   // 1 over the place of the first relevant row
double average_precision(const std::vector<bool>& ranked, int k);  // precision at each relevant row of the first k,
                                                                   // summed, over min(k, relevant rows)

// The same of rows that stand at `places` (from 0, all different) among other candidates, which are not relevant and
// worth nothing.
double ndcg_at(std::span<const std::int64_t> places, std::span<const float> labels, int k, const LabelScale& scale);
// Which candidates are relevant, in the order of the scores, to the last row's.
std::vector<bool> relevance_at(std::span<const std::int64_t> places, std::span<const float> labels, double relevant);

}  // namespace warmstart
