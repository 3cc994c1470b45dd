#include "trainer/training/progress_window.h"

#include <gtest/gtest.h>

#include "cluster/self_communicator.h"

namespace warmstart {
namespace {

StepOutcome step(double loss, double norm, double padded, double repeated, double reduced) {
  StepOutcome outcome{
      .loss = loss, .gradient_norm = norm, .padded_share = padded, .repeated_share = repeated, .divergence = {}};
  auto& traffic = outcome.traffic;
  traffic[TrafficKind::kReduced] = {reduced, reduced, 9.0};
  traffic[TrafficKind::kExchanged] = {0.0, 0.0, 0.5};
  traffic[TrafficKind::kEncodings] = {0.0, 0.0, 0.25};
  return outcome;
}

TEST(ProgressWindow, TellsOfTheStepsSinceItBegan) {
  ProgressWindow window(100, 64, 0);
  window.begin(0, {});
  window.add(step(9.0, 7.0, 0.5, 0.5, 1000));
  window.begin(10, {.total = 50, .validating = 4, .data_wait = 3, .reduce_wait = 2, .reduce_hidden = 1});
  window.add(step(1.0, 5.0, 0.25, 0.75, 10));
  window.add(step(2.0, 6.0, 0.75, 0.5, 30));
  SelfCommunicator alone;
  const auto bytes = window.bytes(12, alone);
  const auto progress = window.progress(
      12, 0.01, {.total = 60, .validating = 6, .data_wait = 5, .reduce_wait = 3, .reduce_hidden = 5}, bytes);
  EXPECT_EQ(progress.step, 12);
  EXPECT_EQ(progress.steps, 100);
  EXPECT_EQ(progress.loss, 1.5);
  EXPECT_EQ(progress.gradient_norm, 6.0);
  EXPECT_EQ(progress.rate, 0.01);
  EXPECT_EQ(progress.padded_share, 0.5);
  EXPECT_EQ(progress.repeated_share, 0.625);
  // Ten seconds, two of which went to validation.
  EXPECT_EQ(progress.tasks_per_second, 2 * 64 / 8.0);
  EXPECT_EQ(progress.data_wait_share, 2 / 8.0);
  EXPECT_EQ(progress.reduce_share, 1 / 8.0);
  EXPECT_EQ(progress.hidden_reduce_share, 4 / 8.0);
  EXPECT_EQ(progress.exchange_share, 2 * 0.5 / 8.0);
  EXPECT_EQ(progress.encoding_share, 2 * 0.25 / 8.0);
  EXPECT_EQ(progress.bytes.reduced, 20.0);
  EXPECT_EQ(progress.bytes.exchanged, 0.0);
}

TEST(ProgressWindow, TheSecondsLeftAreByTheStepsOfThisProcess) {
  ProgressWindow window(100, 64, 40);  // goes on from a checkpoint
  window.begin(40, {});
  EXPECT_EQ(window.progress(50, 0, {.total = 20}, {}).seconds_left, 2.0 * 50);
  window.begin(50, {.total = 20});
  EXPECT_EQ(window.progress(60, 0, {.total = 60}, {}).seconds_left, 3.0 * 40);
}

TEST(ProgressWindow, ARunThatWentBackBehindItsStartTellsFiniteNumbers) {
  ProgressWindow window(100, 64, 40);
  window.begin(30, {.total = 5});
  const auto progress = window.progress(30, 0, {.total = 6}, {});
  EXPECT_EQ(progress.seconds_left, 6.0 * 70);
  EXPECT_EQ(progress.loss, 0.0);
}

}  // namespace
}  // namespace warmstart
