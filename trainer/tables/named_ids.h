#pragma once

#include <vector>

#include "data/dataset.h"
#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// The fields whose ids stand one after the other in tables with ids of this kind, each with its unknown one first.
std::vector<const Field*> fields_of(const Schema& schema, IdsOf ids);

// How many ids there are, those of unknown keys among them.
std::int64_t count_of_ids(const Schema& schema, IdsOf ids);

// What ids stand for in a data set, which outlives this: a field and a key of it.  Throws DataError where two have one
// hash.
RowNames names_of_ids(const Dataset& dataset, IdsOf ids);

// Tells growing tables what the ids of the data set stand for, which outlives them.
void name_ids(ShardedTables& tables, const Dataset& dataset);

}  // namespace warmstart
