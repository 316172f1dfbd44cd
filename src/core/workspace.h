#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace poise {

// Memory that grows to the largest call and is then reused: a warm call allocates nothing. Blocks are 64-byte aligned
// and live until the next call.
class Workspace {
 public:
  // Forgets all blocks; keeps the memory, joined into one piece if the last call needed several.
  void reset() {
    if (spilled_ == nullptr && used_ <= capacity_) {
      used_ = 0;
      return;
    }
    spilled_.reset();
    const std::size_t wanted = used_ + used_ / 4;
    used_ = 0;
    capacity_ = 0;
    memory_.reset();
    memory_.reset(allocate(wanted));
    capacity_ = wanted;
  }

  template <class T>
  T* take(std::int64_t count) {
    const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    const std::size_t at = used_;
    used_ += bytes;
    if (used_ <= capacity_) return reinterpret_cast<T*>(memory_.get() + at);
    auto piece = std::make_unique<Piece>();
    piece->memory.reset(allocate(bytes));
    piece->next = std::move(spilled_);
    spilled_ = std::move(piece);
    return reinterpret_cast<T*>(spilled_->memory.get());
  }

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept { ::operator delete (p, std::align_val_t{64}); }
  };
  using Memory = std::unique_ptr<std::byte, Free>;
  struct Piece {
    Memory memory;
    std::unique_ptr<Piece> next;
  };
  static std::byte* allocate(std::size_t bytes) {
    return static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64}));
  }

  Memory memory_;
  std::size_t capacity_ = 0, used_ = 0;
  std::unique_ptr<Piece> spilled_;
};

}  // namespace poise
