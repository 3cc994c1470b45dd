# Every library that the project uses.  One that is asked for and not found is fatal.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached, too, on the terms of ccache's manual.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C CXX)
find_path(RANDOM123_INCLUDE Random123/philox.h REQUIRED)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
find_path(ROBIN_MAP_INCLUDE tsl/robin_map.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)

if(WARMSTART_LIBXSMM)
  find_path(LIBXSMM_INCLUDE libxsmm.h)
  find_library(LIBXSMM_LIBRARY xsmm)
  if(NOT LIBXSMM_INCLUDE OR NOT LIBXSMM_LIBRARY)
    message(FATAL_ERROR "No LIBXSMM. Run scripts/setup, or set -DWARMSTART_LIBXSMM=OFF: LibTorch's products are taken then, "
                        "at about twice the time of a step on narrow networks.")
  endif()
  add_library(libxsmm INTERFACE)
  target_include_directories(libxsmm SYSTEM INTERFACE ${LIBXSMM_INCLUDE})
  # The BLAS that it names is LibTorch's.  Its own stand-in, xsmmnoblas, would be LibTorch's as well, and slow.
  target_link_libraries(libxsmm INTERFACE ${LIBXSMM_LIBRARY} libtorch ${CMAKE_DL_LIBS} Threads::Threads)
endif()

add_library(hdf5 INTERFACE)
target_include_directories(hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
target_link_libraries(hdf5 INTERFACE ${HDF5_CXX_LIBRARIES} ${HDF5_C_LIBRARIES})

# LibTorch and Arrow: the folder the user points at (a variable here or in the environment), or what
# scripts/setup put into .deps.
file(GLOB wheels ${CMAKE_SOURCE_DIR}/.deps/python/lib/python3*/site-packages)
set(WARMSTART_LIBTORCH "$ENV{WARMSTART_LIBTORCH}" CACHE PATH "LibTorch: the folder with include/ and lib/")
set(WARMSTART_ARROW "$ENV{WARMSTART_ARROW}" CACHE PATH "Arrow and Parquet: the prefix they are installed in")

set(libtorch ${WARMSTART_LIBTORCH})
if(NOT libtorch)
  set(libtorch ${wheels}/torch)
endif()
if(NOT EXISTS ${libtorch}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "No LibTorch in '${libtorch}'. Run scripts/setup, or set WARMSTART_LIBTORCH to a folder "
                      "that holds include/ and lib/libtorch_cpu.so.")
endif()
# The CPU flavour: linking libtorch.so would load the CUDA libraries at every start.
add_library(libtorch INTERFACE)
# After the system's folders: LibTorch brings headers of other libraries (fmt, protobuf) in versions of its own.
target_compile_options(libtorch INTERFACE
  "SHELL:-idirafter ${libtorch}/include" "SHELL:-idirafter ${libtorch}/include/torch/csrc/api/include")
target_link_libraries(libtorch INTERFACE ${libtorch}/lib/libtorch_cpu.so ${libtorch}/lib/libc10.so)
target_link_options(libtorch INTERFACE -Wl,--as-needed -Wl,--unresolved-symbols=ignore-in-shared-libs)
if(WARMSTART_CUDA)
  # find_package(Torch) would put LibTorch's headers first and compile everything anew.
  set(CUDA_TOOLKIT "$ENV{CUDA_HOME}")
  if(NOT CUDA_TOOLKIT)
    set(CUDA_TOOLKIT /usr/local/cuda)
  endif()
  if(NOT EXISTS ${CUDA_TOOLKIT}/lib64/libcudnn.so.9 OR NOT EXISTS ${CUDA_TOOLKIT}/include/nccl.h)
    message(FATAL_ERROR "No CUDA 13 with cuDNN 9 and NCCL in '${CUDA_TOOLKIT}'. Install the toolkit, set CUDA_HOME, or build the preset 'release'.")
  endif()
  if(NOT EXISTS ${libtorch}/lib/libtorch_cuda.so)
    message(FATAL_ERROR "The LibTorch in '${libtorch}' has no CUDA part. Point WARMSTART_LIBTORCH at one that has.")
  endif()
  file(GLOB cuda_wheels ${wheels}/nvidia/*/lib)
  # Nothing names a symbol of the CUDA part: it registers itself when it is loaded.
  target_link_options(libtorch INTERFACE "LINKER:--push-state,--no-as-needed" ${libtorch}/lib/libtorch_cuda.so ${libtorch}/lib/libc10_cuda.so
                      "LINKER:--pop-state" "LINKER:--disable-new-dtags" "LINKER:-rpath,${libtorch}/lib" "LINKER:-rpath,${CUDA_TOOLKIT}/lib64")
  foreach(folder ${cuda_wheels})
    target_link_options(libtorch INTERFACE "LINKER:-rpath,${folder}")
  endforeach()
endif()

add_library(arrow INTERFACE)
if(WARMSTART_ARROW)
  find_package(Arrow REQUIRED PATHS ${WARMSTART_ARROW})
  find_package(Parquet REQUIRED PATHS ${WARMSTART_ARROW})
  target_link_libraries(arrow INTERFACE Arrow::arrow_shared Parquet::parquet_shared)
else()
  file(GLOB arrow_libraries ${wheels}/pyarrow/libarrow.so.* ${wheels}/pyarrow/libparquet.so.*)
  list(LENGTH arrow_libraries count)
  if(NOT count EQUAL 2)
    message(FATAL_ERROR "No Arrow in '${wheels}/pyarrow'. Run scripts/setup, or set WARMSTART_ARROW to a prefix "
                        "that holds Arrow's and Parquet's CMake packages.")
  endif()
  target_include_directories(arrow SYSTEM INTERFACE ${wheels}/pyarrow/include)
  target_link_libraries(arrow INTERFACE ${arrow_libraries})
  target_link_options(arrow INTERFACE -Wl,--unresolved-symbols=ignore-in-shared-libs)
endif()

# Ranks that share a host with fewer cores than ranks must yield, or a barrier takes milliseconds; root
# is what continuous integration runs as.
set(WARMSTART_MPI_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none)

# ONNX Runtime, where scripts/setup has put its wheel: loaded by name when a model is exported, never linked.
file(GLOB WARMSTART_ONNXRUNTIME_LIBRARY ${wheels}/onnxruntime/capi/libonnxruntime.so.*)
