#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/option_value.h"
#include "data/schema.h"
#include "trainer/layers/table_declaration.h"
#include "trainer/tables/growth.h"

namespace warmstart {

// Of a field whose keys have rows of their own in growing tables, so that no other field's can take them.
struct FieldGrowth {
  std::string field;
  std::int64_t most_rows = 0;
  std::optional<std::int64_t> admit = {};  // else as for all fields
  std::optional<Eviction> evict = {};      // likewise
};

// As an option: FIELD: most-rows N, admit N, evict WORD; FIELD: ...
struct FieldGrowths {
  std::vector<FieldGrowth> list = {};
};
std::string to_text(const FieldGrowths& fields);
void read(const std::string& text, const Range& range, FieldGrowths& fields);

// Throws UsageError where the data set has no such field, or one without keys.
void require_fields(const FieldGrowths& fields, const Schema& schema);

// The pools of growing tables with ids of one kind.  The first is that of fields without one of their own, by `growth`;
// where all fields have one it has no rows.
std::vector<RowPool> pools_of(const Growth& growth, const FieldGrowths& fields, const Schema& schema, IdsOf ids);

}  // namespace warmstart
