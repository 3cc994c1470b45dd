#pragma once

#include <filesystem>
#include <vector>

#include "data/dataset.h"
#include "data/episode_source.h"

namespace warmstart {

// Reads the episodes that a text table lists, a row each: the columns `task` and `entity` have the keys, and `set` says
// support or query.  Columns stand between tabs where the header has one, else between commas; other columns say
// nothing.  Tasks come in the order of their first rows, and so do the rows of each.
// Throws DataError naming the file and the line of a row that the data set lacks or has several of, of a task that was
// trained on, of a pair that stands there twice, and of a task without a query row.
std::vector<TaskEpisode> listed_episodes(const Dataset& dataset, const std::filesystem::path& file);

}  // namespace warmstart
