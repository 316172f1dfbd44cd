// Pixels taken apart, reversed or shortened, by every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pixels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/pairs.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A vector of each channel; what is wanted and how wide a pixel is, is known where this is compiled, so that all of
// them stay in registers.
template <class T, int kWidth, int kChannels>
struct Channels {
  using D = hn::ScalableTag<T>;
  hn::Vec<D> a, b, c, d;

  HWY_INLINE Channels(const T* x, std::int64_t ahead) {
    for (std::size_t at = 0; at < kWidth * hn::Lanes(D()); at += 64 / sizeof(T)) hwy::Prefetch(x + ahead + at);
    if constexpr (kWidth == 2) {
      hn::LoadInterleaved2(D(), x, a, b);
    } else if constexpr (kWidth == 3) {
      hn::LoadInterleaved3(D(), x, a, b, c);
    } else {
      hn::LoadInterleaved4(D(), x, a, b, c, d);
    }
  }
  HWY_INLINE void split(T* const* to, std::int64_t i) const {
    hn::StoreU(a, D(), to[0] + i);
    if constexpr (kChannels > 1) hn::StoreU(b, D(), to[1] + i);
    if constexpr (kChannels > 2) hn::StoreU(c, D(), to[2] + i);
    if constexpr (kChannels > 3) hn::StoreU(d, D(), to[3] + i);
  }
  HWY_INLINE void pack(T* to, bool reversed) const {
    if constexpr (kChannels == 1) {
      hn::StoreU(a, D(), to);
    } else if constexpr (kChannels == 2) {
      reversed ? hn::StoreInterleaved2(b, a, D(), to) : hn::StoreInterleaved2(a, b, D(), to);
    } else if constexpr (kChannels == 3) {
      reversed ? hn::StoreInterleaved3(c, b, a, D(), to) : hn::StoreInterleaved3(a, b, c, D(), to);
    } else {
      reversed ? hn::StoreInterleaved4(d, c, b, a, D(), to) : hn::StoreInterleaved4(a, b, c, d, D(), to);
    }
  }
};

// Calls vectors(first) for whole vectors of pixels, the last ones overlapping, and one(i) for what is left. A vector is
// read with all its channels, so the last pixel, where not all are wanted, is left.
template <class T, class Vectors, class One>
HWY_INLINE void for_pixels(const Pixels& p, const Vectors& vectors, const One& one) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  const std::int64_t whole = p.channels == p.width ? p.count : p.count - 1;
  std::int64_t i = 0;
  for (; i + lanes <= whole; i += lanes) vectors(i);
  if (i < whole && whole >= lanes) {
    vectors(whole - lanes);
    i = whole;
  }
  for (; i < p.count; ++i) one(i);
}

template <class T, int kWidth, int kChannels>
struct Split {
  static HWY_NOINLINE void run(const Pixels& p) {
    const T* x = static_cast<const T*>(p.x);
    T* to[kChannels];
    for (int c = 0; c < kChannels; ++c) {
      to[c] = static_cast<T*>(p.to) + p.pitch * (p.reversed ? kChannels - 1 - c : c);
    }
    for_pixels<T>(
        p, [&](std::int64_t i) HWY_ATTR { Channels<T, kWidth, kChannels>(x + i * kWidth, p.ahead).split(to, i); },
        [&](std::int64_t i) HWY_ATTR {
          for (int c = 0; c < kChannels; ++c) to[c][i] = x[i * kWidth + c];
        });
  }
};

template <class T, int kWidth, int kChannels>
struct Pack {
  static HWY_NOINLINE void run(const Pixels& p) {
    const T* x = static_cast<const T*>(p.x);
    T* to = static_cast<T*>(p.to);
    for_pixels<T>(
        p,
        [&](std::int64_t i)
            HWY_ATTR { Channels<T, kWidth, kChannels>(x + i * kWidth, p.ahead).pack(to + i * kChannels, p.reversed); },
        [&](std::int64_t i) HWY_ATTR {
          for (int c = 0; c < kChannels; ++c) {
            to[i * kChannels + c] = x[i * kWidth + (p.reversed ? kChannels - 1 - c : c)];
          }
        });
  }
};

template <template <class, int, int> class Move, class T, int kWidth>
HWY_INLINE void move_channels(const Pixels& p) {
  if (p.channels == 4) {
    if constexpr (kWidth == 4) Move<T, kWidth, 4>::run(p);
  } else if (p.channels == 3) {
    if constexpr (kWidth >= 3) Move<T, kWidth, 3>::run(p);
  } else if (p.channels == 2) {
    Move<T, kWidth, 2>::run(p);
  } else {
    Move<T, kWidth, 1>::run(p);
  }
}

template <template <class, int, int> class Move, class T>
HWY_INLINE void move_pixels(const Pixels& p) {
  if (p.width == 2) {
    move_channels<Move, T, 2>(p);
  } else if (p.width == 3) {
    move_channels<Move, T, 3>(p);
  } else {
    move_channels<Move, T, 4>(p);
  }
}

template <class T>
struct SplitPixels {
  static void run(const Pixels& p) { move_pixels<Split, T>(p); }
};
template <class T>
struct PackPixels {
  static void run(const Pixels& p) { move_pixels<Pack, T>(p); }
};

void fill_pixels(Kernels& kernels) noexcept {
  fill_moves<SplitPixels>(kernels.split_pixels);
  fill_moves<PackPixels>(kernels.pack_pixels);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_pixels(Target target, Kernels& kernels) noexcept { POISE_FOR_TARGET(target, fill_pixels, kernels); }

}  // namespace poise
#endif
