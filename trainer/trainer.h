// trainer/: base learners, their adaptation to a task, the outer loop that
// meta-trains them, baselines and evaluation.  It knows checkpoints/, cluster/ and data/.

#pragma once

#include "trainer/als.h"
#include "trainer/bias_model.h"
#include "trainer/evaluation.h"
#include "trainer/fine_tuning.h"
#include "trainer/training.h"
#include "trainer/two_tower.h"
