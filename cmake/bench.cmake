# Benchmarks, where Google Benchmark is found.

find_package(benchmark QUIET)

file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.cpp)
if(benchmark_FOUND AND bench_sources)
  add_executable(poise_bench ${bench_sources})
  target_include_directories(poise_bench PRIVATE src ${PROJECT_SOURCE_DIR})
  target_link_libraries(poise_bench PRIVATE poise_flags poise_static fmt::fmt OpenMP::OpenMP_CXX benchmark::benchmark)

  include(peers)
  add_executable(poise_compare bench/compare/compare.cpp bench/compare/contenders.cpp bench/compare/in_cache.cpp
                               bench/case.cpp bench/limit.cpp bench/probe.cpp)
  target_include_directories(poise_compare PRIVATE src bench/compare ${PROJECT_SOURCE_DIR})
  target_link_libraries(poise_compare PRIVATE poise_flags poise_static fmt::fmt OpenMP::OpenMP_CXX benchmark::benchmark)
  add_peers(poise_compare bench/compare)
  add_image_peers(poise_compare bench/compare)
elseif(NOT benchmark_FOUND)
  message(STATUS "Google Benchmark not found: no poise_bench")
endif()
