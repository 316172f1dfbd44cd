# The command: cli/*.cpp, one file a subcommand.

find_package(CLI11 REQUIRED)

file(GLOB cli_sources CONFIGURE_DEPENDS cli/*.cpp)
add_executable(poise_cli ${cli_sources})
set_target_properties(poise_cli PROPERTIES OUTPUT_NAME poise)
target_include_directories(poise_cli PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_options(poise_cli PRIVATE ${POISE_CALLER_OPTIONS})
target_precompile_headers(poise_cli PRIVATE <fmt/format.h> <CLI/CLI.hpp>)
target_link_libraries(poise_cli PRIVATE poise_flags poise_data CLI11::CLI11)
install(TARGETS poise_cli DESTINATION ${CMAKE_INSTALL_BINDIR})
