#pragma once

#include <string>
#include <vector>

#include "data/ingest_ranks.h"
#include "data/table_reader.h"

namespace warmstart {

// Collective.  What this rank reads of a table's files: an even share of their bytes; the ranks' shares, one after the
// other, are the table.  A text file is given to one rank where its rows cannot be told apart from the middle on, since
// line breaks stand in its quotes.  Throws DataError when a file is missing or of no format that is read.
std::vector<FilePart> own_parts(const TableOptions& table, IngestRanks& ranks);

// Collective.  The same where no file is cut: each is read by one rank.
std::vector<FilePart> own_files(const TableOptions& table, IngestRanks& ranks);

}  // namespace warmstart
