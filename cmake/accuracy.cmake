# The accuracy table: it shares the tests' oracles, and takes Debian's libtorch and oneDNN as peers where they are found.

include(peers)
add_executable(poise_accuracy bench/accuracy/accuracy.cpp bench/accuracy/poise.cpp bench/accuracy/table.cpp)
target_include_directories(poise_accuracy PRIVATE bench/accuracy)
target_link_libraries(poise_accuracy PRIVATE poise_test_support)
add_peers(poise_accuracy bench/accuracy)
add_test(NAME accuracy COMMAND poise_accuracy)
set_tests_properties(accuracy PROPERTIES LABELS sweep)
