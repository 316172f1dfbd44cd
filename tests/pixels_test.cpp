// Images as cameras and decoders give them, pixel by pixel, to what networks take: every order of channels, rows with
// gaps, planes and pixels as output; the bits that threads, addresses and neighbours must not change; and nothing read
// behind the last pixel.

#include <poise/preset.h>
#include <poise/zscore.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "scaling_expect.h"

namespace poise::test {
namespace {

// Which elements of a pixel are channel 0, 1, 2: the first of them, and from each to the next.
struct Order {
  const char* name;
  int width, first, step, channels;
  int lowest() const { return step > 0 ? first : first - (channels - 1); }
};
constexpr Order orders[] = {{"RGB", 3, 0, 1, 3},         {"BGR", 3, 2, -1, 3},         {"RGBA", 4, 0, 1, 3},
                            {"BGRA", 4, 2, -1, 3},       {"ARGB", 4, 1, 1, 3},         {"ABGR", 4, 3, -1, 3},
                            {"two of two", 2, 1, -1, 2}, {"two of three", 3, 1, 1, 2}, {"two of four", 4, 2, -1, 2},
                            {"four", 4, 3, -1, 4},       {"one of two", 2, 1, 1, 1},   {"one of three", 3, 1, 1, 1}};
constexpr Order rgb = orders[0], bgr = orders[1], rgba = orders[2], four = orders[9];

// Images whose last wanted element is the last that may be read: a page follows that may not. What no view names is NaN
// in every floating type.
class Photos {
 public:
  // sizes: (N, C, H, W), C as the order has it; gap: elements between rows.
  Photos(const Order& order, DType type, const Array& values, std::int64_t gap = 0, bool bottom_up = false) {
    const Dims& s = values.sizes;
    const std::int64_t row = s[3] * order.width + gap, image = s[2] * row;
    const std::int64_t before = order.first - order.lowest();
    const std::int64_t elements = (s[0] - 1) * image + (s[2] - 1) * row + (s[3] - 1) * order.width + order.channels;
    const std::size_t width = size_of(type), bytes = static_cast<std::size_t>(elements) * width;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    readable_ = (bytes + page - 1) / page * page;
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, readable_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_ + readable_, page, PROT_NONE);
    std::memset(memory_, 0xFF, readable_);
    std::byte* first = memory_ + readable_ - bytes + static_cast<std::size_t>(before) * width;
    Dims strides{image, order.step, row, order.width};
    if (bottom_up) {
      first += static_cast<std::size_t>((s[2] - 1) * row) * width;
      strides[2] = -row;
    }
    view_ = {first, type, s, strides};
    std::size_t i = 0;
    for_each_index(s, [&](const Dims& at) {
      std::int64_t offset = 0;
      for (int axis = 0; axis < s.size(); ++axis) offset += at[axis] * strides[axis];
      store(first + offset * static_cast<std::int64_t>(width), type, values[i++]);
    });
  }
  ~Photos() { munmap(memory_, readable_ + static_cast<std::size_t>(sysconf(_SC_PAGESIZE))); }
  Photos(const Photos&) = delete;
  Photos& operator=(const Photos&) = delete;
  operator ConstTensorView() const noexcept { return view_; }  // NOLINT(google-explicit-constructor)

 private:
  std::byte* memory_ = nullptr;
  std::size_t readable_ = 0;
  ConstTensorView view_;
};

Array pixels_of(const Order& order, DType type, std::int64_t images, std::int64_t height, std::int64_t width) {
  return random_values({images, order.channels, height, width}, type, 71, 3, 2);
}

Parameters constants(const Order& order) {
  Parameters p;
  p.preset = order.channels == 3 ? "imagenet" : "half";
  return p;
}

// y by the constants, which must be what the oracle says, and how it was planned.
std::vector<std::byte> scaled(const Order& order, const ConstTensorView& x, const Placed& y, Context& context) {
  const Parameters p = constants(order);
  TestTensor to(y.type, x.sizes(), y.layout, TestTensor::Role::output, y.elements_off_alignment);
  preset(to, x, {.name = p.preset}, {}, context);
  EXPECT_RIGHT(to, oracle::preset(read(x), p));
  EXPECT_TRUE(to.sentinels_intact());
  EXPECT_NE(context.plan().find(" pixels "), std::string::npos) << context.plan();
  return to.bits();
}

TEST(Pixels, EveryOrderTypeAndLayout) {
  for (const Order& order : orders) {
    for (const auto& [type, y_type] : scaling_type_pairs) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        if (order.width == order.channels && order.step > 0 && layout == Layout::channels_last) continue;
        if (order.channels == 1 && layout == Layout::channels_last) continue;
        SCOPED_TRACE(std::string(order.name) + " " + name_of(type) + ">" + name_of(y_type) + " " + name_of(layout));
        const Photos x(order, type, pixels_of(order, type, 2, 37, 41));
        Context context;
        scaled(order, x, {y_type, layout}, context);
      }
    }
  }
}

TEST(Pixels, EveryLength) {
  for (const Order& order : orders) {
    for (std::int64_t width = 1; width < 150; width += width < 70 ? 1 : 13) {
      SCOPED_TRACE(std::string(order.name) + " " + std::to_string(width));
      const Photos x(order, DType::u8, pixels_of(order, DType::u8, 1, 1, width));
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        TestTensor y(DType::f32, ConstTensorView(x).sizes(), layout);
        preset(y, x, {.name = constants(order).preset});
        EXPECT_RIGHT(y, oracle::preset(read(x), constants(order)));
      }
    }
  }
}

TEST(Pixels, PartsOfLargerImagesAndBottomUp) {
  for (const Order& order : {rgb, bgr, rgba}) {
    for (const bool bottom_up : {false, true}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        for (const std::int64_t width : {1, 3, 33, 259}) {
          if (order.step > 0 && order.width == 3 && layout == Layout::channels_last) continue;
          SCOPED_TRACE(std::string(order.name) + " " + std::to_string(width) + " " + name_of(layout));
          const Photos x(order, DType::u8, pixels_of(order, DType::u8, 2, 23, width), 7, bottom_up);
          TestTensor y(DType::bf16, ConstTensorView(x).sizes(), layout);
          preset(y, x, {.name = "imagenet"});
          EXPECT_RIGHT(y, oracle::preset(read(x), constants(order)));
        }
      }
    }
  }
}

TEST(Pixels, EveryInstructionSet) {
  for (const Target target : {Target::scalar, Target::sse4, Target::avx2, Target::avx512}) {
    if (!target_available(target)) continue;
    for (const Order& order : orders) {
      for (const auto& [type, y_type] : scaling_type_pairs) {
        SCOPED_TRACE(std::string(name_of(target)) + " " + order.name + " " + name_of(type) + ">" + name_of(y_type));
        const Photos x(order, type, pixels_of(order, type, 1, 3, 43));
        Context context;
        context.target = target;
        scaled(order, x, {y_type}, context);
        if (order.channels > 1 && (order.width > order.channels || order.step < 0))
          scaled(order, x, {y_type, Layout::channels_last}, context);
      }
    }
  }
}

// Large enough for several threads, shares and stretches, of a length that puts every plane on another alignment.
TEST(Pixels, ThreadsStoresAndAddressesChangeNoBit) {
  for (const Order& order : {bgr, rgba, four}) {
    for (const DType type : {DType::f32, DType::bf16, DType::f16}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
        SCOPED_TRACE(std::string(order.name) + " " + name_of(type) + " " + name_of(layout));
        const Photos x(order, DType::u8, pixels_of(order, DType::u8, 2, 151, 137));
        Context context;
        context.threads = 1;
        const auto one = scaled(order, x, {type, layout}, context);
        for (const int threads : {1, 2, 3, 7}) {
          for (const StorePolicy store : {StorePolicy::cached, StorePolicy::streaming}) {
            context.threads = threads;
            context.store = store;
            EXPECT_EQ(scaled(order, x, {type, layout, threads}, context), one) << threads;
            EXPECT_EQ(context.threads_used() > 1, threads > 1);
          }
        }
      }
    }
  }
}

TEST(Pixels, AnImageIsWhatItIsAlone) {
  for (const Dims& sizes : {Dims{5, 3, 21, 19}, Dims{5, 3, 1, 1}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
      const Photos x(bgr, DType::u8, random_values(sizes, DType::u8, 5));
      const ConstTensorView all = x;
      TestTensor y(DType::f32, sizes, layout);
      preset(y, x, {.name = "imagenet"});
      const Dims single{1, sizes[1], sizes[2], sizes[3]};
      for (std::int64_t i = 0; i < sizes[0]; ++i) {
        const auto offset = static_cast<std::size_t>(i) * y.bits().size() / 5;
        const ConstTensorView image(static_cast<const std::uint8_t*>(all.data()) + i * all.stride(0), single,
                                    all.strides());
        TestTensor alone(DType::f32, single, layout);
        preset(alone, image, {.name = "imagenet"});
        const auto whole = y.bits(), part = alone.bits();
        EXPECT_EQ(std::memcmp(whole.data() + offset, part.data(), part.size()), 0) << i;
      }
    }
  }
}

// The techniques that measure nothing, with what they need by channel, by image, by gamma of its own.
TEST(Pixels, EveryTechniqueThatMeasuresNothing) {
  const Technique& norm = technique_named("batch_norm");
  const Array values = pixels_of(bgr, DType::f32, 3, 19, 23);
  const Photos x(bgr, DType::f32, values);
  for (const Dims& gamma_axes : {Dims{}, Dims{0, 1}}) {
    for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
      Parameters p;
      p.mode = BatchNormMode::evaluation;
      p.gamma_axes = gamma_axes;
      const Operands operands(norm, values.sizes, DType::bf16, p);
      Context context;
      EXPECT_RIGHT(run(norm, x, {DType::f32, layout}, p, context), oracle::batch_norm(read(x), p), roundings);
      EXPECT_NE(context.plan().find(" pixels "), std::string::npos) << context.plan();
    }
  }
  for (const char* name : {"zscore", "minmax", "symmetric"}) {
    const Technique& technique = technique_named(name);
    for (const Per per : {Per::data_set, Per::image}) {
      Parameters p;
      p.per = per;
      for (const char* operand : {"mean", "std", "min", "max"})
        if (takes(technique, operand)) ask_for(p, operand);
      const Operands operands(technique, values.sizes, DType::f64, p, {});
      Context context;
      EXPECT_RIGHT(run(technique, x, {DType::f32}, p, context), oracle_named(name)(read(x), p), roundings);
      EXPECT_NE(context.plan().find(" pixels "), std::string::npos) << context.plan();
    }
  }
}

TEST(Pixels, AChannelBeyondFloat32CoefficientsIsExactAndLeavesItsNeighbours) {
  const Array values = pixels_of(bgr, DType::f32, 2, 19, 23);
  const Photos x(bgr, DType::f32, values);
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    std::vector<std::byte> bits[2];
    for (const double std : {2.0, 1e-33}) {
      Array mean({3}, 1, DType::f64), deviation({3}, 2, DType::f64);
      deviation[1] = std;
      mean[1] = 3;
      const TestTensor center(DType::f64, mean), scale(DType::f64, deviation);
      Parameters p;
      p.mean = center;
      p.std = scale;
      TestTensor y(DType::f32, values.sizes, layout);
      zscore(y, x, {.mean = center, .std = scale});
      EXPECT_RIGHT(y, oracle::zscore(read(x), p));
      const Array got = y.read();
      for (std::size_t i = 0; i < got.size(); ++i) {
        if (i / (19 * 23) % 3 == 1) continue;
        const auto v = static_cast<float>(got[i]);
        const auto* byte = reinterpret_cast<const std::byte*>(&v);
        bits[std < 1 ? 1 : 0].insert(bits[std < 1 ? 1 : 0].end(), byte, byte + sizeof(v));
      }
    }
    EXPECT_EQ(bits[0], bits[1]);
  }
}

TEST(Pixels, TheInverseMakesPlanesOfPixels) {
  const Array values = pixels_of(rgb, DType::f32, 2, 17, 29);
  const Photos y(rgb, DType::f32, values);
  Array mean({3}, 100, DType::f64), deviation({3}, 20, DType::f64);
  const TestTensor center(DType::f64, mean), scale(DType::f64, deviation);
  const InvertOptions options{.center = center, .scale = scale};
  TestTensor x(DType::u8, values.sizes);
  Context context;
  invert_scaling(x, y, options, context);
  EXPECT_RIGHT(x, oracle::invert_scaling(read(y), options));
  EXPECT_NE(context.plan().find(" pixels "), std::string::npos) << context.plan();
}

}  // namespace
}  // namespace poise::test
