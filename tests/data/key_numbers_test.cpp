#include "data/key_numbers.h"

#include <gtest/gtest.h>

#include <string>

namespace warmstart {
namespace {

std::string key(int number) { return std::string(static_cast<std::size_t>(number % 40), 'k') + std::to_string(number); }

TEST(KeyNumbers, AreThoseOfFirstSight) {
  KeyNumbers keys;
  EXPECT_EQ(keys.find("a"), KeyNumbers::kAbsent);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(keys.add(key(i)), static_cast<std::uint32_t>(i));
  }
  EXPECT_EQ(keys.size(), 10000u);
  for (int i = 0; i < 10000; ++i) {
    ASSERT_EQ(keys.find(key(i)), static_cast<std::uint32_t>(i));
    ASSERT_EQ(keys.key(static_cast<std::uint32_t>(i)), key(i));
  }
  EXPECT_EQ(keys.find(key(10000)), KeyNumbers::kAbsent);
  EXPECT_EQ(keys.add(""), 10000u);
  EXPECT_EQ(keys.add("x"), 10001u);
  EXPECT_EQ(keys.find(""), 10000u);
}

TEST(KeyNumbers, WhatIsForgottenGetsANewNumber) {
  KeyNumbers keys;
  for (int i = 0; i < 100; ++i) keys.add(key(i));
  keys.keep_first(30);
  EXPECT_EQ(keys.size(), 30u);
  EXPECT_EQ(keys.find(key(29)), 29u);
  EXPECT_EQ(keys.find(key(30)), KeyNumbers::kAbsent);
  EXPECT_EQ(keys.add(key(99)), 30u);
  EXPECT_EQ(keys.key(30), key(99));
  keys.keep_first(0);
  EXPECT_EQ(keys.add(key(99)), 0u);
}

}  // namespace
}  // namespace warmstart
