# What the presets 'sanitize' and 'tsan' compile with.  Every executable links sanitizer_options, which is empty elsewhere.

set(WARMSTART_TIME_FACTOR 1)
if(NOT WARMSTART_SANITIZER)
  add_library(sanitizer_options INTERFACE)
  return()
endif()

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  message(FATAL_ERROR "WARMSTART_SANITIZER is for clang. Use the preset 'sanitize' or 'tsan'.")
endif()
set(WARMSTART_TIME_FACTOR 4)
if(WARMSTART_SANITIZER STREQUAL address)
  # fuzzer-no-link: the same objects serve the unit tests and, linked with libFuzzer's main, the fuzz targets.
  add_compile_options(-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(WARMSTART_SANITIZER STREQUAL thread)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
else()
  message(FATAL_ERROR "WARMSTART_SANITIZER=${WARMSTART_SANITIZER}: wanted 'address', 'thread' or nothing.")
endif()
add_library(sanitizer_options OBJECT ${CMAKE_SOURCE_DIR}/tests/support/sanitizer_options.cpp)
