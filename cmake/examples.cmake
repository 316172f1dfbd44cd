# Each examples/NAME.cpp is one program of the public API alone; the tests run it.

file(GLOB example_sources CONFIGURE_DEPENDS examples/*.cpp)

# Trains a network: Eigen multiplies, zlib reads the images.
find_package(Eigen3 QUIET NO_MODULE)
find_package(ZLIB QUIET)
if(POISE_SANITIZE OR NOT TARGET Eigen3::Eigen OR NOT TARGET ZLIB::ZLIB)
  message(STATUS "Sanitized, or Eigen or zlib not found: no examples/train")
  list(REMOVE_ITEM example_sources ${PROJECT_SOURCE_DIR}/examples/train.cpp)
endif()

foreach(source IN LISTS example_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(example_${name} ${source})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY examples)
  target_link_libraries(example_${name} PRIVATE poise_flags poise)
  list(APPEND example_targets example_${name})
endforeach()

# The demonstration is measured against the limit probe.
if(TARGET example_demo)
  target_sources(example_demo PRIVATE bench/probe.cpp)
  target_include_directories(example_demo PRIVATE ${PROJECT_SOURCE_DIR})
endif()

if(TARGET example_train)
  target_link_libraries(example_train PRIVATE Eigen3::Eigen ZLIB::ZLIB)
  # Eigen's headers do not compile without warnings everywhere.
  target_compile_options(example_train PRIVATE -O2 -mavx2 -mfma)
endif()

# Trains over ranks.
if(TARGET example_sync_batch_norm)
  target_link_libraries(example_sync_batch_norm PRIVATE poise_mpi)
endif()
