// slurm/: jobs that survive: the batch script and Slurm's commands.  It knows base/.

#pragma once

#include "slurm/batch_script.h"
#include "slurm/slurm_command.h"
