#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace poise {

// Work in order from one thread for several: produce(item) fills items here until it says false, consume(item, worker)
// works on them on any thread. Items are used again, so that memory is that of a few. What consume or produce throws
// ends the work and is thrown here.
template <class Item>
class Pipeline {
 public:
  // workers 1: everything happens on this thread.
  explicit Pipeline(int workers)
      : workers_(workers > 1 ? workers : 0), items_(workers > 1 ? 2 * static_cast<std::size_t>(workers) + 1 : 1) {
    for (Item& item : items_) free_.push_back(&item);
  }

  template <class Produce, class Consume>
  void run(const Produce& produce, const Consume& consume) {
    if (workers_ == 0) {
      while (produce(items_[0])) consume(items_[0], 0);
      return;
    }
    std::vector<std::thread> threads;
    try {
      for (int w = 0; w < workers_; ++w) threads.emplace_back([&, w] { work(consume, w); });
      for (Item* item = take(free_); item != nullptr && produce(*item); item = take(free_)) give(ready_, item);
    } catch (...) {
      stop(std::current_exception());
    }
    finish(threads);
  }

 private:
  template <class Consume>
  void work(const Consume& consume, int worker) {
    try {
      for (Item* item = take(ready_); item != nullptr; item = take(ready_)) {
        consume(*item, worker);
        give(free_, item);
      }
    } catch (...) {
      stop(std::current_exception());
    }
  }

  // Null once there is nothing left to do.
  Item* take(std::vector<Item*>& from) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || !from.empty() || (ended_ && &from == &ready_); });
    if (failure_ || from.empty()) return nullptr;
    Item* item = from.front();
    from.erase(from.begin());
    return item;
  }

  void give(std::vector<Item*>& to, Item* item) {
    const std::lock_guard lock(mutex_);
    to.push_back(item);
    changed_.notify_all();
  }

  void stop(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    changed_.notify_all();
  }

  void finish(std::vector<std::thread>& threads) {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

  int workers_;
  std::vector<Item> items_;
  std::vector<Item*> free_, ready_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::exception_ptr failure_;
  bool ended_ = false;
};

}  // namespace poise
