# The library: src/core, src/cluster, src/schedule, src/kernels and src/techniques compiled once, linked twice (shared and
# static). A new technique or kernel is a new file; nothing here names one.

find_package(hwy REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)

file(GLOB kernel_sources CONFIGURE_DEPENDS src/kernels/*.cpp)
file(GLOB library_sources CONFIGURE_DEPENDS src/core/*.cpp src/cluster/*.cpp src/schedule/*.cpp src/techniques/*.cpp
     src/techniques/table/*.cpp)
file(GLOB public_headers CONFIGURE_DEPENDS include/poise/*.h)

# Plain x86-64 falls to Highway's scalar target, which cannot compile real kernels; better sets are chosen at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set_source_files_properties(${kernel_sources} PROPERTIES COMPILE_OPTIONS "-march=x86-64-v2;-maes;-mpclmul")
endif()

# A loop's every access is watched by the address sanitizer; judging its address once more would be most of the compiling.
if(POISE_SANITIZE MATCHES "undefined")
  set_property(SOURCE ${kernel_sources} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=null,object-size,pointer-overflow)
endif()
# A sanitizer sees what runs: loops for AVX-512 are half as much again to compile, and checked where they can run.
if(POISE_SANITIZE AND EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo avx512 REGEX "avx512f" LIMIT_COUNT 1)
  if(NOT avx512)
    set_property(SOURCE ${kernel_sources} APPEND PROPERTY COMPILE_DEFINITIONS "HWY_DISABLED_TARGETS=(HWY_AVX3|HWY_AVX3_DL)")
  endif()
endif()

add_library(poise_objects OBJECT ${library_sources} ${kernel_sources})
set_target_properties(poise_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(poise_objects PUBLIC include PRIVATE src)
# Not header-only fmt: compiled in every file it would be most of the build.
target_link_libraries(poise_objects PRIVATE poise_flags hwy::hwy fmt::fmt OpenMP::OpenMP_CXX)

# g++ sets and copies more than a few words by `rep stos` and `rep movs`, which take longer to begin than a call of a
# small normalization has time for: views and partitions are a few hundred bytes.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  target_compile_options(poise_objects PRIVATE -mmemset-strategy=vector_loop:1024:noalign,libcall:-1:noalign
                                               -mmemcpy-strategy=vector_loop:1024:noalign,libcall:-1:noalign)
endif()

target_precompile_headers(poise_objects PRIVATE <fmt/format.h>)
set_source_files_properties(${kernel_sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

add_library(poise SHARED $<TARGET_OBJECTS:poise_objects>)
add_library(poise_static STATIC $<TARGET_OBJECTS:poise_objects>)
set_target_properties(poise_static PROPERTIES OUTPUT_NAME poise)
# Before 1.0 a minor version may change the ABI, so it is part of the soname.
set_target_properties(poise PROPERTIES VERSION ${PROJECT_VERSION}
                                       SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

foreach(target IN ITEMS poise poise_static)
  add_library(poise::${target} ALIAS ${target})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE hwy::hwy fmt::fmt OpenMP::OpenMP_CXX)
endforeach()
