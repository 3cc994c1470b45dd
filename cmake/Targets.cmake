if(WARMSTART_PRECOMPILED)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled_tensors.cpp "")
  add_library(precompiled_tensors STATIC ${CMAKE_BINARY_DIR}/precompiled_tensors.cpp)
  target_link_libraries(precompiled_tensors PRIVATE libtorch)
  target_precompile_headers(precompiled_tensors PRIVATE <ATen/ATen.h>)
endif()

# warmstart_library(<folder> [TENSORS] SOURCES <file>... LIBRARIES <target>...)
#
# One library a folder; its headers are included by their path from the top.  TENSORS: most sources are about tensors.
function(warmstart_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TENSORS" "" "SOURCES;LIBRARIES")
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_LIBRARIES})
  if(arg_TENSORS)
    warmstart_tensors(${name})
  endif()
  warmstart_warnings(${name})
endfunction()

# warmstart_tensors(<target>): its sources read LibTorch's headers precompiled, which takes a third of the time.
#
# Sources with options of their own skip them (SKIP_PRECOMPILE_HEADERS), and so do clang's presets: in 'check' a missing
# include shows.
function(warmstart_tensors name)
  if(WARMSTART_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM precompiled_tensors)
    # What is precompiled counts as the project's own to GCC 12, whose false warnings about std::string's code then show.
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>)
  endif()
endfunction()

function(warmstart_warnings name)
  # -Wrestrict: GCC 12 warns about std::string's own code (GCC bug 105651).  -Wsubobject-linkage: in a unity build it takes
  # each source for a header, whose unnamed namespaces would be another in each source.
  target_compile_options(${name} PRIVATE -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wno-subobject-linkage> $<$<BOOL:${WARMSTART_WARNINGS_AS_ERRORS}>:-Werror>)
endfunction()
