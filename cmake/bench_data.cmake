# The benchmark of data sets: it makes its images with the tests' encoders.

add_executable(poise_bench_data bench/data/data.cpp)
target_compile_definitions(poise_bench_data PRIVATE POISE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(poise_bench_data PRIVATE poise_test_support GTest::gtest)
