# poise_data: files and data sets, the internal library behind the command and its tests.

find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibArchive REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
find_package(PNG REQUIRED)

file(GLOB data_sources CONFIGURE_DEPENDS src/io/*.cpp src/data/*.cpp src/report/*.cpp)
# Its sums of bytes become vectors at this level only.
set_source_files_properties(src/data/tally.cpp PROPERTIES COMPILE_OPTIONS -O3)
add_library(poise_data STATIC ${data_sources})
target_include_directories(poise_data PUBLIC src)
target_link_libraries(poise_data
  PUBLIC poise_static nlohmann_json::nlohmann_json fmt::fmt
  PRIVATE poise_flags ZLIB::ZLIB LibArchive::LibArchive PkgConfig::xxhash PkgConfig::turbojpeg PNG::PNG OpenMP::OpenMP_CXX)
