// Counts the operators of LibTorch that a program calls, and prints the number when it ends:
//
//   LD_PRELOAD=build/release/benchmarks/libcount_operators.so build/release/warmstart train ...

#include <ATen/record_function.h>

#include <atomic>
#include <cstdio>

namespace {

std::atomic<long> calls{0};

std::unique_ptr<at::ObserverContext> count(const at::RecordFunction&) {
  ++calls;
  return nullptr;
}

struct Counter {
  Counter() { at::addGlobalCallback(at::RecordFunctionCallback(count).scopes({at::RecordScope::FUNCTION})); }
  ~Counter() { std::fprintf(stderr, "operators: %ld\n", calls.load()); }
} counter;

}  // namespace
