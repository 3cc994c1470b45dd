#pragma once

#include <string>
#include <vector>

#include "data/entity_days.h"
#include "data/side_table.h"
#include "data/spill.h"

namespace warmstart {

// Fields of rows that no table holds, as they were at the row's time: never from the row itself or from a later one.
//
//   count-so-far    earlier rows of the task, whatever becomes of duplicates
//   days-since-last days since the last of them; missing where there is none
//   popularity-30d  rows of the entity, of all tasks, in the 30 days (UTC) before the row's
//
// They are dense fields of these names.  Throws UsageError for another name, naming the known ones.
FieldBuilders derived_fields(const std::vector<std::string>& names);

bool needs_entity_days(const std::vector<std::string>& names);

// Fills in the derived cells of a shard as it was spilled: all rows of its tasks are there.
void derive(SpilledShard& shard, const std::vector<std::string>& names, const EntityDays& entity_days);

}  // namespace warmstart
