# The accuracy table: it shares the tests' oracles, and takes Debian's libtorch and oneDNN as peers where they are found.

add_executable(poise_accuracy bench/accuracy/accuracy.cpp bench/accuracy/poise.cpp bench/accuracy/table.cpp)
target_include_directories(poise_accuracy PRIVATE bench/accuracy)
target_link_libraries(poise_accuracy PRIVATE poise_test_support)

find_path(TORCH_HEADERS ATen/ATen.h)
find_library(TORCH_CPU torch_cpu)
find_library(TORCH_C10 c10)
if(TORCH_HEADERS AND TORCH_CPU AND TORCH_C10 AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_sources(poise_accuracy PRIVATE bench/accuracy/torch.cpp)
  target_include_directories(poise_accuracy SYSTEM PRIVATE ${TORCH_HEADERS} ${TORCH_HEADERS}/torch/csrc/api/include)
  target_link_libraries(poise_accuracy PRIVATE ${TORCH_CPU} ${TORCH_C10})
else()
  target_sources(poise_accuracy PRIVATE bench/accuracy/torch_absent.cpp)
endif()

# Not its package file, which asks for OpenCL.
find_path(ONEDNN_HEADERS dnnl.hpp)
find_library(ONEDNN_LIBRARY dnnl)
if(ONEDNN_HEADERS AND ONEDNN_LIBRARY)
  target_sources(poise_accuracy PRIVATE bench/accuracy/onednn.cpp)
  target_link_libraries(poise_accuracy PRIVATE ${ONEDNN_LIBRARY})
else()
  target_sources(poise_accuracy PRIVATE bench/accuracy/onednn_absent.cpp)
endif()
