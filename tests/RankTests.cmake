include(GoogleTest)

# LibTorch's threads wait actively: tests beside each other on all cores would mostly wait.  Tests of threads set their number.
set(one_thread OMP_NUM_THREADS=1)

# add_unit_test(<name> [TENSORS] SOURCES <file>... LIBRARIES <target>... [LABELS <label>...] [TIMEOUT <seconds>] [WHOLE] [RUNS_PROGRAM])
#
# Builds one test program of one process; each of its tests is one for ctest.  With WHOLE and under address checks all of
# them are one, since starting LibTorch takes longer than most of them.  RUNS_PROGRAM: they run the real program, whose parts other tests
# reach; they are left out of builds with sanitizers, where it is many times as slow.
function(add_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TENSORS;WHOLE;RUNS_PROGRAM" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${WARMSTART_TIME_FACTOR}")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} test_support GTest::gtest_main)
  if(arg_TENSORS)
    warmstart_tensors(${name})
  endif()
  warmstart_warnings(${name})
  set(properties TIMEOUT ${timeout} ENVIRONMENT ${one_thread})
  if(arg_LABELS)
    list(APPEND properties LABELS ${arg_LABELS})
  endif()
  if(arg_RUNS_PROGRAM AND WARMSTART_SANITIZER)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  elseif(arg_WHOLE OR WARMSTART_SANITIZER STREQUAL address)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES ${properties})
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
  endif()
endfunction()

# add_rank_test(<name> [TENSORS] RANKS <n>... SOURCES <file>... LIBRARIES <target>...)
#
# Builds one test program and registers it once per number of ranks, as
# <name>.np<n>.  A hang is a failure: collectives that disagree never return.
function(add_rank_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TENSORS" "" "RANKS;SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/support/mpi_main.cpp)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} test_support MPI::MPI_CXX)
  if(arg_TENSORS)
    warmstart_tensors(${name})
  endif()
  warmstart_warnings(${name})
  math(EXPR timeout "300 * ${WARMSTART_TIME_FACTOR}")
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${name}.np${ranks}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks}
                     ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${name}> ${MPIEXEC_POSTFLAGS})
    set_tests_properties(${name}.np${ranks} PROPERTIES PROCESSORS ${ranks} TIMEOUT ${timeout} LABELS "mpi"
                         ENVIRONMENT "${WARMSTART_MPI_ENVIRONMENT};${one_thread}")
  endforeach()
endfunction()

# try_one_method_in(<step> <test>...)
#
# Tests that go through every method (tests/support/tried_methods.h) try one in so many of them in builds with sanitizers.
function(try_one_method_in step)
  if(WARMSTART_SANITIZER)
    set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT WARMSTART_METHODS_STEP=${step})
  endif()
endfunction()
