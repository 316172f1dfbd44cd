# Other libraries that Poise is measured beside, where Debian's packages are installed.

find_path(TORCH_HEADERS ATen/ATen.h)
find_library(TORCH_CPU torch_cpu)
find_library(TORCH_C10 c10)
# Not its package file, which asks for OpenCL.
find_path(ONEDNN_HEADERS dnnl.hpp)
find_library(ONEDNN_LIBRARY dnnl)

# folder: has torch.cpp and onednn.cpp, and for each a stub NAME_absent.cpp.
function(add_peers target folder)
  if(TORCH_HEADERS AND TORCH_CPU AND TORCH_C10 AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_sources(${target} PRIVATE ${folder}/torch.cpp)
    target_include_directories(${target} SYSTEM PRIVATE ${TORCH_HEADERS} ${TORCH_HEADERS}/torch/csrc/api/include)
    target_link_libraries(${target} PRIVATE ${TORCH_CPU} ${TORCH_C10})
  else()
    target_sources(${target} PRIVATE ${folder}/torch_absent.cpp)
  endif()
  if(ONEDNN_HEADERS AND ONEDNN_LIBRARY)
    target_sources(${target} PRIVATE ${folder}/onednn.cpp)
    target_link_libraries(${target} PRIVATE ${ONEDNN_LIBRARY})
  else()
    target_sources(${target} PRIVATE ${folder}/onednn_absent.cpp)
  endif()
endfunction()
