#pragma once

// Ranks that are threads of this process, so that what ranks agree on is tested without MPI.

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <poise/communicator.h>

namespace poise::test {

class ThreadRanks {
 public:
  // Runs body(rank's Communicator&) on `size` threads and returns what each threw (null: nothing). A collective that
  // some rank never joins ends in std::runtime_error after ten seconds instead of hanging.
  template <class F>
  static std::vector<std::exception_ptr> run(int size, F body) {
    ThreadRanks ranks(size);
    std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(size));
    std::vector<std::thread> threads;
    for (int r = 0; r < size; ++r) {
      threads.emplace_back([&, r] {
        Rank rank(ranks, r);
        try {
          body(static_cast<Communicator&>(rank));
        } catch (...) {
          thrown[static_cast<std::size_t>(r)] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return thrown;
  }

 private:
  explicit ThreadRanks(int size) : size_(size) {}

  class Rank final : public Communicator {
   public:
    Rank(ThreadRanks& ranks, int rank) : ranks_(ranks), rank_(rank) {}
    int rank() const noexcept override { return rank_; }
    int size() const noexcept override { return ranks_.size_; }
    void all_gather(const void* mine, std::size_t bytes, void* all) override { ranks_.gather(rank_, mine, bytes, all); }

   private:
    ThreadRanks& ranks_;
    int rank_;
  };

  void gather(int rank, const void* mine, std::size_t bytes, void* all) {
    {
      const std::lock_guard lock(mutex_);
      if (contributions_++ % size_ == 0) shared_.assign(bytes * static_cast<std::size_t>(size_), std::byte{});
      if (shared_.size() != bytes * static_cast<std::size_t>(size_)) throw std::runtime_error("unequal contributions");
      if (bytes > 0) std::memcpy(shared_.data() + bytes * static_cast<std::size_t>(rank), mine, bytes);
    }
    meet();
    if (bytes > 0) std::memcpy(all, shared_.data(), shared_.size());
    meet();
  }

  void meet() {
    std::unique_lock lock(mutex_);
    const int round = round_;
    if (++waiting_ == size_) {
      waiting_ = 0;
      ++round_;
      all_here_.notify_all();
    } else if (!all_here_.wait_for(lock, std::chrono::seconds(10), [&] { return round_ != round; })) {
      throw std::runtime_error("a rank waits for others that never come");
    }
  }

  int size_, contributions_ = 0, waiting_ = 0, round_ = 0;
  std::mutex mutex_;
  std::condition_variable all_here_;
  std::vector<std::byte> shared_;
};

// What an exception says; empty for none.
inline std::string said(const std::exception_ptr& thrown) {
  if (!thrown) return "";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace poise::test
