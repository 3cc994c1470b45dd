// What the sanitizers' runtimes ask for when a program starts.  Variables of the environment (ASAN_OPTIONS...) override
// it.

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the runtimes' own names.
extern "C" {

const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0:print_suppressions=0";
}
const char* __ubsan_default_options() { return "print_stacktrace=1"; }

// Open MPI, and hwloc for it, keep what its components allocated until the process ends, and unloads them before leaks
// are looked for: they stay loaded, so that their names are known.  Nothing of ours calls vasprintf, whose own callers
// cannot be told.
int dlclose(void*) { return 0; }
const char* __lsan_default_suppressions() {
  return "leak:libmpi.so\nleak:libopen-pal.so\nleak:libopen-rte.so\nleak:libpmix.so\nleak:mca_\nleak:libhwloc.so\n"
         "leak:__vasprintf_internal\n";
}

const char* __tsan_default_options() {
  return "halt_on_error=0:exitcode=66:second_deadlock_stack=1:ignore_noninstrumented_modules=1";
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
