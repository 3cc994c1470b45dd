# warmstart_library(<folder> SOURCES <file>... LIBRARIES <target>...)
#
# One library a folder; its headers are included by their path from the top.
function(warmstart_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_LIBRARIES})
  warmstart_warnings(${name})
endfunction()

function(warmstart_warnings name)
  # -Wrestrict: GCC 12 warns about std::string's own code (GCC bug 105651).
  target_compile_options(${name} PRIVATE -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<BOOL:${WARMSTART_WARNINGS_AS_ERRORS}>:-Werror>)
endfunction()
