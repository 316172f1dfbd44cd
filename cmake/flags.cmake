# How everything is compiled; linked privately into each target as poise_flags and never exported.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(poise_flags INTERFACE)
target_compile_features(poise_flags INTERFACE cxx_std_20)
target_compile_options(poise_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
  # A fused multiply-add is written where it is meant; g++ 12 at -O3 folds the low part of a hi/lo split to zero.
  -ffp-contract=off -fno-tree-slp-vectorize)

if(POISE_SANITIZE)
  add_compile_options(-fsanitize=${POISE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${POISE_SANITIZE})
endif()

# All targets but the library's own users share these settings.
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_COMPILE_WARNING_AS_ERROR)
  set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
endif()
