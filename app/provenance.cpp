#include "app/provenance.h"

#include <H5public.h>
#include <fmt/format.h>
#include <mpi.h>
#include <torch/headeronly/version.h>

#include "revision.h"

namespace warmstart {

nlohmann::json provenance() {
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(mpi, &length);
  const std::string mpi_name(mpi, static_cast<std::size_t>(length));
  return {{"warmstart", WARMSTART_VERSION},
          {"revision", WARMSTART_REVISION},
          {"libtorch", TORCH_VERSION},
          {"hdf5", fmt::format("{}.{}.{}", H5_VERS_MAJOR, H5_VERS_MINOR, H5_VERS_RELEASE)},
          {"mpi", mpi_name.substr(0, mpi_name.find(','))},
          {"compiler", __VERSION__}};
}

}  // namespace warmstart
