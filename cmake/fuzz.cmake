# A libFuzzer target for each parser: tests/fuzz/NAME.cpp, corpus tests/fuzz/corpus/NAME. In a build of clang's whose
# POISE_SANITIZE has fuzzer-no-link (preset fuzz); tools/fuzz builds and runs them.

if(NOT POISE_SANITIZE MATCHES "fuzzer")
  return()
endif()

# Not poise_data: the loops, which no parser calls, take most of the time to compile.
file(GLOB fuzzed_sources CONFIGURE_DEPENDS src/core/*.cpp src/io/*.cpp src/data/*.cpp)
list(FILTER fuzzed_sources EXCLUDE REGEX "/src/data/(apply|block_map|image_scaling|image_array|invert|transfer|scan)[a-z_]*\\.cpp$")
add_library(poise_fuzzed STATIC EXCLUDE_FROM_ALL ${fuzzed_sources})
target_include_directories(poise_fuzzed PUBLIC include src)
target_link_libraries(poise_fuzzed
  PUBLIC poise_flags nlohmann_json::nlohmann_json fmt::fmt
  PRIVATE ZLIB::ZLIB LibArchive::LibArchive PkgConfig::xxhash PkgConfig::turbojpeg PNG::PNG OpenMP::OpenMP_CXX)

add_custom_target(poise_fuzz)
file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*.cpp)
foreach(source IN LISTS fuzz_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${source})
  set_target_properties(fuzz_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY fuzz)
  target_link_libraries(fuzz_${name} PRIVATE poise_fuzzed)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(poise_fuzz fuzz_${name})
endforeach()
