# poise_mpi: ranks by MPI, linked beside either library and using nothing of it but headers. Without MPI a stub in its place says so when it is called.

find_package(MPI QUIET COMPONENTS CXX)

if(MPI_CXX_FOUND)
  add_library(poise_mpi STATIC src/cluster/mpi/mpi.cpp)
  # C's interface is all that is used; the C++ one has left the standard.
  target_compile_definitions(poise_mpi PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_link_libraries(poise_mpi PRIVATE MPI::MPI_CXX)
else()
  message(STATUS "MPI not found: poise::mpi is a stub")
  set(MPI_CXX_FOUND FALSE)
  add_library(poise_mpi STATIC src/cluster/mpi/mpi_absent.cpp)
endif()
add_library(poise::mpi ALIAS poise_mpi)
set_target_properties(poise_mpi PROPERTIES EXPORT_NAME mpi POSITION_INDEPENDENT_CODE ON)
target_compile_features(poise_mpi PUBLIC cxx_std_20)
target_include_directories(poise_mpi PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(poise_mpi PRIVATE $<BUILD_INTERFACE:poise_flags>)
