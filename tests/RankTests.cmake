include(GoogleTest)

# add_unit_test(<name> SOURCES <file>... LIBRARIES <target>... [LABELS <label>...] [TIMEOUT <seconds>])
#
# Builds one test program of one process; each of its tests is one for ctest.
function(add_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${WARMSTART_TIME_FACTOR}")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} test_support GTest::gtest_main)
  warmstart_warnings(${name})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${timeout} LABELS "${arg_LABELS}")
endfunction()

# add_rank_test(<name> RANKS <n>... SOURCES <file>... LIBRARIES <target>...)
#
# Builds one test program and registers it once per number of ranks, as
# <name>.np<n>.  A hang is a failure: collectives that disagree never return.
function(add_rank_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "RANKS;SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/support/mpi_main.cpp)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} test_support MPI::MPI_CXX)
  warmstart_warnings(${name})
  math(EXPR timeout "300 * ${WARMSTART_TIME_FACTOR}")
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${name}.np${ranks}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks}
                     ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${name}> ${MPIEXEC_POSTFLAGS})
    set_tests_properties(${name}.np${ranks} PROPERTIES PROCESSORS ${ranks} TIMEOUT ${timeout} LABELS "mpi"
                         ENVIRONMENT "${WARMSTART_MPI_ENVIRONMENT}")
  endforeach()
endfunction()
