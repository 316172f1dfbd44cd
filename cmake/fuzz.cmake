# A libFuzzer target for each parser: tests/fuzz/NAME.cpp, corpus tests/fuzz/corpus/NAME. In a build of clang's under the
# address sanitizer (preset asan); tools/fuzz builds and runs them.

if(NOT POISE_SANITIZE MATCHES "address" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  return()
endif()

# What the parsers branch on steers the inputs; the loops are none of it.
target_compile_options(poise_data PRIVATE -fsanitize=fuzzer-no-link)

add_custom_target(poise_fuzz)
file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*.cpp)
foreach(source IN LISTS fuzz_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${source})
  set_target_properties(fuzz_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY fuzz)
  target_link_libraries(fuzz_${name} PRIVATE poise_data poise_flags)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(poise_fuzz fuzz_${name})
endforeach()
