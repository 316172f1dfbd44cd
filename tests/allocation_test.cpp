// A warm call allocates nothing and starts no thread, whatever the technique, layout and number of threads: malloc and
// pthread_create themselves are counted.

#include <dlfcn.h>
#include <poise/technique.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "expect.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POISE_TEST_MALLOC_IS_TAKEN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POISE_TEST_MALLOC_IS_TAKEN 1
#endif
#endif

namespace {
std::atomic<bool> counting{false};
std::atomic<long> allocations{0}, threads_started{0};
}  // namespace

#ifndef POISE_TEST_MALLOC_IS_TAKEN
// Definitions in the executable come before the C library's own, for operator new and the OpenMP runtime too, where
// they are visible to those.
#pragma GCC visibility push(default)
extern "C" {
void* __libc_malloc(std::size_t size);  // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count,
                    std::size_t size);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* p,
                     std::size_t size);  // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t alignment,
                      std::size_t);  // NOLINT(bugprone-reserved-identifier)

// What the OpenMP runtime allocates is its own: it keeps one team, and makes another where a loop uses more threads
// than the loop before it.
static bool is_openmp(void* caller) {
  Dl_info info;
  if (dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
  return std::strstr(info.dli_fname, "/libgomp.so") != nullptr || std::strstr(info.dli_fname, "/libomp") != nullptr;
}

static void count(void* caller) {
  if (!counting.load(std::memory_order_relaxed) || is_openmp(caller)) return;
  allocations.fetch_add(1, std::memory_order_relaxed);
}

void* malloc(std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_calloc(number, size);
}
void* realloc(void* p, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_realloc(p, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t size) {
  count(__builtin_return_address(0));
  *p = __libc_memalign(alignment, size);
  return *p == nullptr ? ENOMEM : 0;
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (counting.load(std::memory_order_relaxed)) threads_started.fetch_add(1, std::memory_order_relaxed);
  return create(thread, attributes, body, argument);
}
}
#pragma GCC visibility pop
#endif

namespace poise::test {
namespace {

template <class F>
long allocations_of(F call) {
  allocations = threads_started = 0;
  counting = true;
  call();
  counting = false;
  return allocations;
}

class Allocation : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef POISE_TEST_MALLOC_IS_TAKEN
    GTEST_SKIP() << "the sanitizer has malloc to itself";
#endif
  }
};

TEST_F(Allocation, TheHookCounts) {
  void* volatile p = nullptr;
  EXPECT_EQ(allocations_of([&] { p = std::malloc(10); }), 1);
  std::free(p);
  EXPECT_GE(allocations_of([&] { p = ::operator new(100); }), 1);
  ::operator delete(p);
}

// The first call grows the workspace piece by piece, the second joins the pieces, from then on it is warm. A loop of
// two shares must not end the third thread.
TEST_F(Allocation, AWarmCallAllocatesNothingAndStartsNoThread) {
  for (const Dims& sizes : {Dims{8, 12, 40, 41}, Dims{3, 6, 7}, Dims{2, 2, 200, 201}}) {
    for (const Layout layout : all_layouts) {
      const TestTensor x(DType::f32, random_values(sizes, DType::f32, 1), layout);
      const TestTensor y(DType::f32, sizes, layout == Layout::broadcast ? Layout::contiguous : layout);
      for (const Technique& technique : techniques()) {
        for (const DType operand : {DType::f32, DType::f64}) {
          Parameters p;
          if (takes(technique, "groups")) p.groups = 2;
          p = suited(technique, p, sizes);
          const Operands operands(technique, sizes, operand, p);
          const auto memory = result_memory(technique, sizes, p);
          for (const int threads : {1, 2, 3}) {
            Context context;
            context.threads = threads;
            const auto call = [&] { technique.run(y, x, p, views(memory), context); };
            call();
            call();
            EXPECT_EQ(allocations_of(call), 0) << sizes.str() << " " << name_of(layout) << " " << context.plan();
            EXPECT_EQ(threads_started, 0) << sizes.str() << " " << name_of(layout) << " " << context.plan();
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace poise::test
