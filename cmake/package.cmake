# Installation: headers, both libraries, the CMake package and the pkg-config file.

include(CMakePackageConfigHelpers)

install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/poise)
install(TARGETS poise EXPORT poise-shared DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS poise_static EXPORT poise-static DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS poise_mpi EXPORT poise-mpi DESTINATION ${CMAKE_INSTALL_LIBDIR})

# An export set each: users of the shared library need neither Highway nor fmt nor OpenMP nor MPI on their machine.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/poise)
install(EXPORT poise-shared NAMESPACE poise:: DESTINATION ${package_dir})
install(EXPORT poise-static NAMESPACE poise:: DESTINATION ${package_dir})
install(EXPORT poise-mpi NAMESPACE poise:: DESTINATION ${package_dir})
configure_package_config_file(cmake/poise-config.cmake.in poise-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(poise-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/poise-config.cmake ${PROJECT_BINARY_DIR}/poise-config-version.cmake
        DESTINATION ${package_dir})

# The prefix is found from the file's own place, so an installed tree may be moved.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REPLACE ";" " " openmp_flags "${OpenMP_CXX_FLAGS}")
configure_file(cmake/poise.pc.in poise.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/poise.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
