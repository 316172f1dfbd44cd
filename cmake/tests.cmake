# Tests: tests/*_test.cpp in one executable, tests/*_test.sh and tests/*_test.py each on its own, the sweep, the
# cases of others (conformance), the examples. Other tests/*.cpp (oracle, tensors in every layout) and what the sweep
# runs over are shared by the tests and the sweep. A script finds
# what it tests in the environment and exits 77 to be counted as skipped.

find_package(GTest REQUIRED)

set(POISE_TESTS "." CACHE STRING "Regular expression of the names of the test files to build")

file(GLOB test_sources CONFIGURE_DEPENDS tests/*_test.cpp)
file(GLOB support_sources CONFIGURE_DEPENDS tests/*.cpp tests/sweep/cases.cpp)
list(REMOVE_ITEM support_sources ${test_sources})
list(FILTER test_sources INCLUDE REGEX "/tests/[^/]*(${POISE_TESTS})[^/]*_test\\.cpp$")
file(GLOB sweep_sources CONFIGURE_DEPENDS tests/sweep/*.cpp)
list(REMOVE_ITEM sweep_sources ${support_sources})
file(GLOB conformance_sources CONFIGURE_DEPENDS tests/conformance/*.cpp)

add_library(poise_test_support STATIC ${support_sources})
target_include_directories(poise_test_support PUBLIC src tests ${PROJECT_SOURCE_DIR})
target_link_libraries(poise_test_support PUBLIC poise_flags poise_data poise_static OpenMP::OpenMP_CXX)
if(POISE_SANITIZE)  # what judges the library is not itself judged, and is most of the time
  target_compile_options(poise_test_support PRIVATE -O2 -fno-sanitize=all)
endif()

add_executable(poise_tests ${test_sources})
target_compile_definitions(poise_tests PRIVATE POISE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_compile_options(poise_tests PRIVATE ${POISE_CALLER_OPTIONS})
target_precompile_headers(poise_tests PRIVATE <gtest/gtest.h> <poise/poise.h>)
target_link_libraries(poise_tests PRIVATE poise_test_support GTest::gtest_main)
# In a few processes: one a test would take longer to start than to run, under sanitizers by far.
set(POISE_SHARDS 8)
math(EXPR last_shard "${POISE_SHARDS} - 1")
foreach(shard RANGE ${last_shard})
  add_test(NAME unit_${shard} COMMAND poise_tests --gtest_brief=1)
  set_tests_properties(unit_${shard} PROPERTIES LABELS unit TIMEOUT 1200
    ENVIRONMENT "GTEST_TOTAL_SHARDS=${POISE_SHARDS};GTEST_SHARD_INDEX=${shard};OMP_WAIT_POLICY=passive")
endforeach()

# Ranks by MPI, run by tests/mpi_test.sh.
if(MPI_CXX_FOUND)
  file(GLOB mpi_sources CONFIGURE_DEPENDS tests/mpi/*.cpp)
  add_executable(poise_mpi_tests ${mpi_sources})
  target_compile_definitions(poise_mpi_tests PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  target_link_libraries(poise_mpi_tests PRIVATE poise_test_support poise_mpi MPI::MPI_CXX GTest::gtest)
endif()

# Against Debian's libtorch, where it is found; clang 14 cannot compile its headers as C++20.
find_path(TORCH_HEADERS ATen/ATen.h)
find_library(TORCH_CPU torch_cpu)
find_library(TORCH_C10 c10)
if(TORCH_HEADERS AND TORCH_CPU AND TORCH_C10 AND NOT POISE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_executable(poise_torch_tests tests/torch/torch_test.cpp)
  target_compile_options(poise_torch_tests PRIVATE ${POISE_CALLER_OPTIONS})
  target_include_directories(poise_torch_tests SYSTEM PRIVATE ${TORCH_HEADERS}
    ${TORCH_HEADERS}/torch/csrc/api/include)
  target_link_libraries(poise_torch_tests PRIVATE poise_test_support GTest::gtest_main ${TORCH_CPU} ${TORCH_C10})
  add_test(NAME torch COMMAND poise_torch_tests)
  set_tests_properties(torch PROPERTIES LABELS peer)
endif()

add_executable(poise_sweep ${sweep_sources})
target_compile_definitions(poise_sweep PRIVATE POISE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(poise_sweep PRIVATE poise_test_support)
# One problem in so many under sanitizers: 7 divides none of the counts of shapes, types and variants, so each of them has its turn.
if(POISE_SANITIZE)
  set(sweep_every 7)
else()
  set(sweep_every 1)
endif()
foreach(direction forward backward)
  add_test(NAME sweep_${direction} COMMAND poise_sweep --quick --every ${sweep_every} --direction ${direction})
  set_tests_properties(sweep_${direction} PROPERTIES LABELS sweep TIMEOUT 1800 ENVIRONMENT OMP_WAIT_POLICY=passive)
endforeach()

add_executable(poise_conformance ${conformance_sources})
target_compile_definitions(poise_conformance PRIVATE POISE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(poise_conformance PRIVATE poise_test_support)
add_test(NAME conformance COMMAND poise_conformance)
set_tests_properties(conformance PROPERTIES LABELS conformance SKIP_RETURN_CODE 77)

file(GLOB test_scripts CONFIGURE_DEPENDS tests/*_test.sh tests/*_test.py)
foreach(script IN LISTS test_scripts)
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME ${name} COMMAND ${script})
  set_tests_properties(${name} PROPERTIES LABELS script SKIP_RETURN_CODE 77 TIMEOUT 600 ENVIRONMENT
    "POISE=${PROJECT_BINARY_DIR}/poise;POISE_SOURCE_DIR=${PROJECT_SOURCE_DIR};POISE_BUILD_DIR=${PROJECT_BINARY_DIR};\
POISE_SANITIZE=${POISE_SANITIZE};CXX=${CMAKE_CXX_COMPILER}")
endforeach()

foreach(source IN LISTS example_sources)
  get_filename_component(name ${source} NAME_WE)
  add_test(NAME example_${name} COMMAND example_${name})
  set_tests_properties(example_${name} PROPERTIES LABELS example SKIP_RETURN_CODE 77)
endforeach()
# Open MPI keeps until the end what it allocates, in modules that are gone by then.
if(POISE_SANITIZE AND TARGET example_sync_batch_norm)
  set_tests_properties(example_sync_batch_norm PROPERTIES ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0")
endif()
