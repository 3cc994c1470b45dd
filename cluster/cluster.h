// cluster/: the processes that train together: their communicator, the sum of
// gradients in a fixed order, agreement on errors, and signals.  It knows only base/.

#pragma once

#include "cluster/agreement.h"
#include "cluster/background_sum.h"
#include "cluster/communicator.h"
#include "cluster/device.h"
#include "cluster/gradient_sum.h"
#include "cluster/mpi_communicator.h"
#include "cluster/nccl_communicator.h"
#include "cluster/parameter_check.h"
#include "cluster/self_communicator.h"
#include "cluster/stop_signal.h"
#include "cluster/watchdog.h"
