#include "app/submission.h"

#include <gtest/gtest.h>

#include "cluster/cuda_flavour.h"

namespace warmstart {
namespace {

TEST(WhyGpusAreIdle, SaysWhetherTheRunOrTheProgramLeavesThemSo) {
  JobOptions job;
  EXPECT_EQ(why_gpus_are_idle(job, DeviceKind::kCuda), "");
  job.gpus_per_node = 1;
  EXPECT_NE(why_gpus_are_idle(job, DeviceKind::kCpu).find("train.device = cpu"), std::string::npos);
  const auto on_gpus = why_gpus_are_idle(job, DeviceKind::kCuda);
  if (is_cuda_flavour())
    EXPECT_EQ(on_gpus, "");
  else
    EXPECT_NE(on_gpus.find("built without CUDA"), std::string::npos) << on_gpus;
}

}  // namespace
}  // namespace warmstart
