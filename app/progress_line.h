#pragma once

#include <string>

#include "trainer/training/training.h"

namespace warmstart {

// The state of a run on one line of at most `columns` characters: what matters less is left out where it is narrow.
// `validated` says what the last validation found; empty before the first.
std::string progress_line(const TrainProgress& progress, const std::string& validated, std::size_t columns);

// The columns of the terminal behind a file descriptor, less the last, where some terminals wrap already.
std::size_t terminal_columns(int file);

}  // namespace warmstart
